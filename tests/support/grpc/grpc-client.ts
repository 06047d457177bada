import { fileURLToPath } from "node:url";
import {
  Client,
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type MethodDefinition,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";

/** What a message is to these tests: 64-bit integers as strings. */
// biome-ignore lint/suspicious/noExplicitAny: read by the messages' own definitions.
export type Message = any;

const PROTOS = fileURLToPath(new URL("protos", import.meta.url));

const DEFINITION = loadSync(["serving.proto", "health.proto", "inference.proto"], {
  includeDirs: [PROTOS],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
});
const PACKAGES = loadPackageDefinition(DEFINITION);

export interface Reply {
  readonly status: string;
  readonly details: string;
  /** Of the answer; undefined where there is none. */
  readonly message: Message;
  readonly trailers: Readonly<Record<string, unknown>>;
}

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A client that has its messages from .proto files, as those of users have. */
export class GrpcClient {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.enable_retries": 0,
    });
  }

  /** Calls a unary method, `<package>.<service>/<method>`; an error is a reply too. */
  call(method: string, request: Message, options: CallOptions = {}): Promise<Reply> {
    const { requestSerialize, responseDeserialize } = methodOf(method);
    return this.callBytes(method, requestSerialize(request), options).then(({ message, ...reply }) => ({
      ...reply,
      message: message === undefined ? undefined : responseDeserialize(message),
    }));
  }

  /** Calls a unary method with a message as it goes over the wire. */
  callBytes(method: string, request: Buffer, options: CallOptions = {}): Promise<Reply> {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
    const { deadlineMs, signal } = options;
    return new Promise((resolve) => {
      let message: unknown;
      const asTheyAre = (bytes: Buffer) => bytes;
      const call = this.#client.makeUnaryRequest(
        `/${method}`,
        asTheyAre,
        asTheyAre,
        request,
        metadata,
        deadlineMs === undefined ? {} : { deadline: deadlineMs },
        (_error: ServiceError | null, answer?: Buffer) => {
          message = answer;
        },
      );
      call.on("status", ({ code, details, metadata: trailers }) => {
        resolve({ status: status[code] as string, details, message, trailers: trailers.getMap() });
      });
      signal?.addEventListener("abort", () => call.cancel());
    });
  }

  /** Opens a stream of answers. */
  watch(method: string, request: Message): ClientReadableStream<Message> {
    const { requestSerialize, responseDeserialize } = methodOf(method);
    return this.#client.makeServerStreamRequest(
      `/${method}`,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
    );
  }

  close(): void {
    this.#client.close();
  }
}

/** Returns the message that bytes are, by its full name. */
export function decode(name: string, bytes: Buffer): Message {
  const type = DEFINITION[name] as MessageTypeDefinition<Message, Message>;
  return type.deserialize(bytes);
}

function methodOf(path: string): MethodDefinition<Message, Message> {
  const [service = "", name = ""] = path.split("/");
  const found = service.split(".").reduce<GrpcObject>((at, part) => at[part] as GrpcObject, PACKAGES);
  const definition = (found as unknown as ServiceClientConstructor).service[name];
  if (definition === undefined) throw new Error(`no method ${path} in the .proto files`);
  return definition;
}
