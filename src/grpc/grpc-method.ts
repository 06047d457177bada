import type { ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import type { CallRecord } from "./call-log.ts";

/** A request as the library hands it over: given away once, so that its memory is free while its images wait. */
export interface Envelope {
  bytes: Buffer;
}

/** One call, as a method sees it. */
export interface Exchange {
  readonly call: ServerUnaryCall<Envelope, Uint8Array>;
  readonly record: CallRecord;
}

/** A method of a service. Messages are bytes here: each method reads and writes its own. */
export type GrpcMethod = {
  /** `/<package>.<service>/<method>` */
  readonly path: string;
  /** Its calls are logged at debug only: probes. */
  readonly isQuiet?: true;
} & (
  | { readonly kind: "unary"; readonly answer: (exchange: Exchange) => Promise<Buffer> | Buffer }
  | { readonly kind: "stream"; readonly open: (call: ServerWritableStream<Envelope, Uint8Array>) => void }
);

/** Returns the message of a call, which it holds no longer. */
export function takeMessage({ request }: { readonly request: Envelope }): Buffer {
  const { bytes } = request;
  request.bytes = Buffer.alloc(0);
  return bytes;
}
