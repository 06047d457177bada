import { Agent, get } from "node:http";
import { type Percentiles, percentiles } from "../src/bench/percentiles.ts";

export interface HealthPollerOptions {
  readonly port: number;
  /** @default "/analyze" */
  readonly path?: string;
  /** @default 50 */
  readonly everyMs?: number;
}

/** Asks a server's health over and over, whether or not it has answered: what a balancer, and a user, feels. */
export class HealthPoller {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;
  readonly #latenciesMs: number[] = [];
  #failure: Error | undefined;
  #isStopped = false;

  constructor({ port, path = "/analyze", everyMs = 50 }: HealthPollerOptions) {
    this.#port = port;
    this.#path = path;
    this.#timer = setInterval(() => this.#ask(), everyMs);
  }

  /**
   * Stops asking.
   *
   * @returns the time from each question to its answer's last byte
   * @throws {Error} when one answer was not 200.
   */
  stop(): Percentiles {
    this.cancel();
    if (this.#failure !== undefined) throw this.#failure;
    return percentiles(this.#latenciesMs);
  }

  /** Stops asking; what was heard is let go. */
  cancel(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#agent.destroy();
  }

  #ask(): void {
    const startMs = performance.now();
    const sent = get(
      { agent: this.#agent, host: "127.0.0.1", port: this.#port, path: this.#path },
      (response) => {
        if (response.statusCode !== 200)
          this.#fail(new Error(`GET ${this.#path}: ${response.statusCode} under load`));
        response.resume();
        response.once("end", () => this.#latenciesMs.push(performance.now() - startMs));
      },
    );
    sent.on("error", (error) => this.#fail(error));
  }

  /** What fails after `stop` was cut off by it. */
  #fail(error: Error): void {
    if (!this.#isStopped) this.#failure ??= error;
  }
}
