import type { Failures } from "./failures.ts";
import { FuzzedServer } from "./fuzzed-server.ts";

/** A server that is started again when it has ended, which is a fault. */
export class KeptServer {
  readonly #folder: string;
  readonly #failures: Failures;
  #server: FuzzedServer;
  #restart: Promise<void> | undefined;

  private constructor(folder: string, failures: Failures, server: FuzzedServer) {
    this.#folder = folder;
    this.#failures = failures;
    this.#server = server;
  }

  static async start(folder: string, failures: Failures): Promise<KeptServer> {
    return new KeptServer(folder, failures, await FuzzedServer.start(folder));
  }

  /** The process that runs now. */
  get current(): FuzzedServer {
    return this.#server;
  }

  /** Resolves when there is a server. */
  async alive(): Promise<void> {
    if (this.#server.isAlive) return;
    this.#restart ??= this.#startAnother();
    await this.#restart;
  }

  /** Stops it; what it complained of in its log, and how it ended, are faults. */
  async stop(): Promise<void> {
    const ending = await this.#server.stop();
    if (ending !== undefined) this.#fault(ending);
    this.#readLog();
  }

  async #startAnother(): Promise<void> {
    this.#fault(this.#server.ending);
    this.#readLog();
    this.#server = await FuzzedServer.start(this.#folder);
    this.#restart = undefined;
  }

  #readLog(): void {
    for (const complaint of this.#server.complaints) this.#fault(`the log has ${complaint.slice(0, 1000)}`);
  }

  #fault(message: string): void {
    if (this.#failures.claim(message)) this.#failures.report(message, this.#folder);
  }
}
