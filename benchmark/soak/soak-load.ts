import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { arrivalTimes } from "../../src/bench/arrival-times.ts";
import { sendSoakRequest } from "./send-soak-request.ts";
import type { SoakRequest } from "./soak-requests.ts";

/** Loads a server, and counts what becomes of the requests. */
export class SoakLoad {
  readonly #port: number;
  readonly #next: () => SoakRequest;
  readonly #signal: AbortSignal;
  #counts = new Map<string, number>();
  /** What a sound server does not answer; the first few. */
  readonly faults: string[] = [];
  #faultCount = 0;

  constructor(port: number, next: () => SoakRequest, signal: AbortSignal) {
    this.#port = port;
    this.#next = next;
    this.#signal = signal;
  }

  get faultCount(): number {
    return this.#faultCount;
  }

  /** Returns how many requests ended in each way since the last call, and counts anew. */
  takeCounts(): ReadonlyMap<string, number> {
    const counts = this.#counts;
    this.#counts = new Map();
    return counts;
  }

  /** Clients that each send the next request when the last one has ended. Returns the requests a second. */
  async closedLoop(clients: number, seconds: number): Promise<number> {
    const agent = new Agent({ keepAlive: true });
    const startMs = performance.now();
    let ended = 0;
    const client = async () => {
      while (performance.now() - startMs < seconds * 1000) {
        this.#signal.throwIfAborted();
        const what = await this.#send(agent);
        ended += 1;
        // As Retry-After asks, if for a shorter time.
        if (what === "503") await sleep(RETRY_MS);
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    agent.destroy();
    return (ended / (performance.now() - startMs)) * 1000;
  }

  /**
   * Sends requests at random times, whether or not earlier ones have ended, and waits for all. What was due while this
   * process itself did not run for a while is not made up for: it would be a burst that nobody sends.
   */
  async openLoop(options: { perSecond: number; seconds: number; seed: number }): Promise<void> {
    const agent = new Agent({ keepAlive: true });
    let startMs = performance.now();
    const endMs = startMs + options.seconds * 1000;
    const sent: Promise<string>[] = [];
    for (const dueMs of arrivalTimes({ ...options, arrivals: "poisson" })) {
      const leftMs = dueMs - (performance.now() - startMs);
      if (leftMs > 0) await sleep(leftMs, undefined, { signal: this.#signal });
      const lateMs = performance.now() - startMs - dueMs;
      if (lateMs > MAX_LATE_MS) startMs += lateMs;
      if (performance.now() > endMs) break;
      sent.push(this.#send(agent));
    }
    await Promise.all(sent);
    agent.destroy();
  }

  async #send(agent: Agent): Promise<string> {
    const { what, fault } = await sendSoakRequest(agent, this.#port, this.#next());
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    if (fault !== undefined) {
      this.#faultCount += 1;
      if (this.faults.length < MAX_FAULTS) this.faults.push(fault);
    }
    return what;
  }
}

const RETRY_MS = 100;
const MAX_LATE_MS = 2000;
const MAX_FAULTS = 10;
