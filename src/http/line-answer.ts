import type { ServerResponse } from "node:http";
import { ServingError } from "../errors.ts";
import type { Answer } from "../protocol/answer.ts";
import { writeJson } from "../protocol/write-json.ts";
import { within } from "../serving/within.ts";
import type { HttpApi } from "./http-api.ts";

export interface LineAnswerOptions {
  readonly api: Pick<HttpApi, "settings" | "metrics" | "unsentAnswers">;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

const NEWLINE = Buffer.from("\n");

/** An answer that goes out line by line, no faster than its client takes it. */
export class LineAnswer {
  readonly #response: ServerResponse;
  readonly #options: LineAnswerOptions;
  readonly #held = new Set<() => void>();
  #drained: Promise<void> | undefined;
  #isCorked = false;

  constructor(response: ServerResponse, options: LineAnswerOptions) {
    this.#response = response;
    this.#options = options;
    response.once("close", () => {
      for (const giveBack of this.#held) giveBack();
    });
  }

  /**
   * Writes one line. Resolves when there is room for another.
   *
   * @throws {ServingError} the signal's reason; CANCELLED when the client does not take what was written in time.
   */
  async write(value: Answer): Promise<void> {
    const { metrics } = this.#options.api;
    const { chunks, nonFinite } = await writeJson(value);
    metrics.nonFiniteWritten(nonFinite);
    if (this.#response.destroyed) return;
    // A copy: the chunk that JSON is written into is longer than most lines.
    if (!this.#send(Buffer.concat([...chunks, NEWLINE]))) this.#drained ??= this.#untilDrained();
    await this.#drained;
  }

  /** Ends the answer. */
  end(): void {
    this.#response.end();
  }

  #send(line: Buffer): boolean {
    const giveBack = this.#options.api.unsentAnswers.holdPart(line.length);
    this.#held.add(giveBack);
    this.#corkForTurn();
    return this.#response.write(line, () => {
      giveBack();
      this.#held.delete(giveBack);
    });
  }

  /** The lines of one batch leave in one packet. */
  #corkForTurn(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#response.cork();
    setImmediate(() => {
      this.#isCorked = false;
      this.#response.uncork();
    });
  }

  async #untilDrained(): Promise<void> {
    const { sendTimeoutMs } = this.#options.api.settings;
    const onTimeout = () => {
      // A reset: after an orderly end the kernel would go on offering what was not taken.
      this.#response.socket?.resetAndDestroy();
      return new ServingError("CANCELLED", "the client did not take its answer within SEND_TIMEOUT_MS");
    };
    try {
      const drained = new Promise<void>((resolve) => this.#response.once("drain", resolve));
      await within(drained, { signal: this.#options.signal, timeoutMs: sendTimeoutMs, onTimeout });
    } finally {
      this.#drained = undefined;
    }
  }
}
