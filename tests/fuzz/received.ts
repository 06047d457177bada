import type { Socket } from "node:net";
import { type ParsedAnswers, parseAnswers } from "./parse-answers.ts";

/** Longer than REQUEST_TIMEOUT_MS, after which the server gives up itself; who waits longer has found a fault. */
const GIVE_UP_MS = 60_000;

/** What a socket has received since this began. */
export class Received {
  readonly #socket: Socket;
  readonly #isBodyless: (afterHead: Buffer) => boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #isEnded: boolean;
  #wake: () => void = () => {};

  constructor(socket: Socket, isBodyless: (afterHead: Buffer) => boolean) {
    this.#socket = socket;
    this.#isBodyless = isBodyless;
    this.#isEnded = socket.destroyed;
    socket.on("data", this.#onData).on("close", this.#onEnd).on("end", this.#onEnd);
  }

  /**
   * Resolves when `isEnough`, or when the other side has ended.
   *
   * @throws {Error} when nothing comes for 60 s, or what comes is no HTTP.
   */
  async until(isEnough: (parsed: ParsedAnswers) => boolean): Promise<ParsedAnswers> {
    for (;;) {
      const parsed = parseAnswers(this.#bytes, this.#isBodyless);
      if (isEnough(parsed) || this.#isEnded) return parsed;
      if (!(await this.#changes(GIVE_UP_MS))) throw new Error(`nothing came for ${GIVE_UP_MS} ms`);
    }
  }

  /** Resolves when nothing has come for so long, or the other side has ended. */
  async quiet(milliseconds: number): Promise<void> {
    while (!this.#isEnded && (await this.#changes(milliseconds)));
  }

  stop(): void {
    this.#socket.off("data", this.#onData).off("close", this.#onEnd).off("end", this.#onEnd);
  }

  /** Resolves with true when something has come or the other side ended, with false when the time is over. */
  #changes(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake();
  };

  readonly #onEnd = (): void => {
    this.#isEnded = true;
    this.#wake();
  };
}
