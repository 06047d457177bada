import { once } from "node:events";
import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { type ConnectionInjector, Server, ServerCredentials } from "@grpc/grpc-js";
import { StartupError } from "../errors.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import { CallLog } from "./call-log.ts";
import { createServices } from "./services.ts";
import { toService } from "./to-service.ts";
import { UnsentMessages } from "./unsent-messages.ts";

/** A client that went without a word is found out by then, and what it holds is free. */
const PING_MS = 60_000;

export interface GrpcServerOptions extends ServingApi {
  readonly onRefused: (reason: "unsent") => void;
}

/** The gRPC port. */
export class GrpcServer {
  readonly #grpc: Server;
  readonly #listener: NetServer;
  readonly #connections: ConnectionInjector;
  readonly #closing = new AbortController();
  readonly #unsentMessages: UnsentMessages;

  constructor(options: GrpcServerOptions) {
    const { settings } = options;
    this.#unsentMessages = new UnsentMessages({ ...settings, onRefused: options.onRefused });
    const api = { ...options, unsentMessages: this.#unsentMessages, closing: this.#closing.signal };
    const methods = createServices(api);
    const quietPaths = new Set(methods.filter(({ isQuiet }) => isQuiet).map(({ path }) => path));
    const callLog = new CallLog(options, quietPaths);
    this.#grpc = new Server({
      "grpc.max_receive_message_length": settings.maxBodyBytes,
      "grpc.max_send_message_length": -1,
      "grpc.max_connection_idle_ms": settings.keepAliveMs,
      "grpc.keepalive_time_ms": PING_MS,
      interceptors: [callLog.interceptor],
    });
    const { definition, implementation } = toService(methods, api, callLog);
    this.#grpc.addService(definition, implementation);
    this.#connections = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    // A listener of our own: the library's tells of a port that is in use only as text.
    this.#listener = createServer((socket) => this.#connections.injectConnection(socket));
  }

  /** Bytes of answers that their clients have not yet taken. */
  get unsentBytes(): number {
    return this.#unsentMessages.bytes;
  }

  /**
   * Binds the port.
   *
   * @returns the port, which the system chose where it was 0
   * @throws {StartupError} when the address can't be bound.
   */
  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<number> {
    this.#listener.listen({ host, port });
    try {
      await once(this.#listener, "listening");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason = code === "EADDRINUSE" ? "the port is in use" : (code ?? "it can't be bound");
      throw new StartupError(`can't listen on ${host}:${port} for gRPC: ${reason}; set HOST or GRPC_PORT`);
    }
    return (this.#listener.address() as AddressInfo).port;
  }

  /**
   * Takes no new connection, and tells those that are open to send no more calls.
   *
   * @returns when every call that has come has its answer
   */
  async stop(): Promise<void> {
    this.#listener.close();
    this.#closing.abort();
    await new Promise<void>((resolve) => {
      this.#grpc.tryShutdown(() => resolve());
    });
  }
}
