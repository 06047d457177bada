import type { ServerWritableStream } from "@grpc/grpc-js";
import { excerpt, ServingError } from "../../errors.ts";
import type { GrpcApi } from "../grpc-api.ts";
import { type Envelope, type GrpcMethod, takeMessage } from "../grpc-method.ts";
import { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";

const SERVICE = "/grpc.health.v1.Health";

/** @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md HealthCheckResponse.ServingStatus */
const STATUS = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

/**
 * Returns the methods of gRPC's health service. The server (service "") and each of its services are SERVING while
 * predictions are answered to new clients: not while the model loads, and no more from the start of a drain.
 *
 * @param services the names of the services, as `<package>.<service>`
 */
export function healthService(api: GrpcApi, services: ReadonlySet<string>): readonly GrpcMethod[] {
  const isKnown = (service: string) => service === "" || services.has(service);
  return [
    {
      kind: "unary",
      path: `${SERVICE}/Check`,
      isQuiet: true,
      answer: ({ call }) => {
        const service = readService(takeMessage(call));
        if (isKnown(service)) return writeStatus(currentStatus(api));
        throw new ServingError("NOT_FOUND", `there is no service ${excerpt(service)}`);
      },
    },
    {
      kind: "stream",
      path: `${SERVICE}/Watch`,
      isQuiet: true,
      open: (call) => watch(api, call, isKnown),
    },
  ];
}

/** Tells the status now and whenever it changes, until the client leaves or the server stops. */
function watch(
  api: GrpcApi,
  call: ServerWritableStream<Envelope, Uint8Array>,
  isKnown: (service: string) => boolean,
): void {
  if (!isKnown(readService(takeMessage(call)))) {
    // It may come with another release: the caller waits for that.
    call.write(writeStatus("SERVICE_UNKNOWN"));
    untilClosing(api, call, () => {});
    return;
  }
  let told: keyof typeof STATUS | undefined;
  const tell = () => {
    const now = currentStatus(api);
    if (now !== told) call.write(writeStatus(now));
    told = now;
  };
  untilClosing(api, call, api.lifecycle.onMove(tell));
  tell();
}

/** @param stop called once, when the client has left or the server stops */
function untilClosing(
  { closing }: GrpcApi,
  call: ServerWritableStream<Envelope, Uint8Array>,
  stop: () => void,
): void {
  const end = () => call.end();
  closing.addEventListener("abort", end, { once: true });
  // Told of every call at its end, however that came.
  call.once("cancelled", () => {
    closing.removeEventListener("abort", end);
    stop();
  });
  if (closing.aborted) end();
}

function currentStatus({ lifecycle }: GrpcApi): keyof typeof STATUS {
  return lifecycle.state === "READY" ? "SERVING" : "NOT_SERVING";
}

function readService(bytes: Buffer): string {
  const reader = new MessageReader(bytes);
  let service = "";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) service = reader.text();
  }
  return service;
}

function writeStatus(name: keyof typeof STATUS): Buffer {
  return new MessageWriter().integer(1, STATUS[name]).finish();
}
