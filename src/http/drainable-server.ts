import { once } from "node:events";
import { createServer, type Server as HttpServer, type RequestListener } from "node:http";
import { type AddressInfo, Server as NetServer } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Settings } from "../config/settings.ts";
import { StartupError } from "../errors.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import { answerClientErrors } from "./client-error.ts";
import { OpenAnswers } from "./open-answers.ts";

/** As many as Node's default backlog holds. */
const MAX_BACKLOG_TURNS = 511;

/** A turn of the event loop that takes longer does something else after it has looked for new connections. */
const QUIET_TURN_MS = 0.1;

/** How often an unfinished request's time limits are looked at. */
const CONNECTION_CHECK_MS = 1000;

const MAX_ANSWER_LISTENERS = 16;

export interface DrainableServerOptions extends Pick<ServingApi, "logger" | "metrics"> {
  readonly settings: Pick<Settings, "keepAliveMs" | "receiveTimeoutMs">;
  readonly onRequest: RequestListener;
}

/** Node's HTTP server, which can stop without cutting anybody off. */
export class DrainableServer {
  readonly #http: HttpServer;
  readonly #openAnswers: OpenAnswers;

  constructor({ settings, logger, metrics, onRequest }: DrainableServerOptions) {
    this.#http = createServer(
      {
        keepAliveTimeout: settings.keepAliveMs,
        requestTimeout: settings.receiveTimeoutMs,
        headersTimeout: settings.receiveTimeoutMs,
        connectionsCheckingInterval: CONNECTION_CHECK_MS,
        requireHostHeader: false,
      },
      onRequest,
    );
    this.#openAnswers = new OpenAnswers(this.#http);
    answerClientErrors(this.#http, { logger, metrics, openAnswers: this.#openAnswers });
    // An expectation other than 100-continue may be ignored: Node's 417 has no body. RFC 9110 section 10.1.1
    this.#http.on("checkExpectation", (request, response) => this.#http.emit("request", request, response));
    // Ours, Koa's and those of a piped answer may be more than ten, which Node takes for a leak.
    this.#http.on("request", (_, response) => response.setMaxListeners(MAX_ANSWER_LISTENERS));
  }

  get isListening(): boolean {
    return this.#http.listening;
  }

  /**
   * Binds the port.
   *
   * @returns the port, which the system chose where it was 0
   * @throws {StartupError} when the address can't be bound.
   */
  async listen({ host, port }: Pick<Settings, "host" | "port">): Promise<number> {
    this.#http.listen({ host, port });
    try {
      await once(this.#http, "listening");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason = code === "EADDRINUSE" ? "the port is in use" : (code ?? "it can't be bound");
      throw new StartupError(`can't listen on ${host}:${port}: ${reason}; set HOST or PORT`);
    }
    return (this.#http.address() as AddressInfo).port;
  }

  /** Takes no new connection; those that the kernel has accepted already are served. */
  async stopListening(): Promise<void> {
    await this.#acceptBacklog();
    // http.Server's own close would also cut connections whose request is still on its way.
    NetServer.prototype.close.call(this.#http);
  }

  /** Resolves when every request that has come has its answer. */
  answered(): Promise<void> {
    return this.#openAnswers.none();
  }

  /** Closes the connections that are left. */
  closeConnections(): void {
    this.#http.closeAllConnections();
  }

  /**
   * Connections that the kernel has accepted and this process has not would be reset when the listener closes. Those of
   * the last microseconds are: the kernel has no call that refuses new ones and keeps these.
   */
  async #acceptBacklog(): Promise<void> {
    let isQuiet = false;
    const onConnection = () => {
      isQuiet = false;
    };
    this.#http.on("connection", onConnection);
    for (let turn = 0; !isQuiet && turn < MAX_BACKLOG_TURNS; turn++) {
      isQuiet = true;
      const startMs = performance.now();
      await setImmediate();
      isQuiet &&= performance.now() - startMs < QUIET_TURN_MS;
    }
    this.#http.off("connection", onConnection);
  }
}
