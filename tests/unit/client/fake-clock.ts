import type { Clock } from "../../../src/client/clock.ts";

/** A clock that is put forward by whoever sleeps. */
export class FakeClock implements Clock {
  readonly sleepsMs: number[] = [];
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_000_000 + this.#nowMs;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.sleepsMs.push(ms);
    this.#nowMs += ms;
  }
}
