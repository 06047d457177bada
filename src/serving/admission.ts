import { ServingError } from "../errors.ts";
import type { RefusalReason } from "../observability/metrics.ts";

/** What a request asks of the model. */
export interface Demand {
  /** Rows to run. Minimum: 1. */
  readonly rows: number;
  /** On the clock of `performance.now()`. */
  readonly deadlineMs: number;
}

/** Expects when the rows that are accepted will be answered. */
export interface Forecast {
  /** Milliseconds until such a request could be accepted: 0 when it would be answered in time now. */
  waitMs(demand: Demand): number;
  /** Milliseconds until the next `rows` rows of those that are accepted are answered. */
  finishMs(rows: number): number;
  /** @param demand of 0 rows where they come one by one */
  enter(demand: Demand): { rowAdded(deadlineMs: number): void; rowEnded(): void; leave(): void };
  /** A request that may come to ask it is let in: the model is kept until what this returns is called. */
  hold?(): () => void;
}

export interface AdmissionOptions {
  /** Most instances accepted and not yet answered. Minimum: 1. */
  readonly maxEnqueuedInstances: number;
  /** Most bytes of bodies accepted and not yet answered. Minimum: 1. */
  readonly maxEnqueuedBytes: number;
  /** Longest time from a request's last byte to its answer. */
  readonly requestTimeoutMs: number;
  readonly onRefused: (reason: RefusalReason) => void;
}

/** What one request holds until it is answered. */
export interface Ticket {
  /** @throws {ServingError} QUEUE_FULL when a body of so many bytes would not fit now; counts nothing. */
  requireBytes(bytes: number): void;
  /**
   * Counts `bytes` of the body, in all so far; the number may only grow.
   *
   * @throws {ServingError} QUEUE_FULL when they don't fit.
   */
  holdBytes(bytes: number): void;
  /**
   * Counts the request's instances, once, and the rows that they are.
   *
   * @throws {ServingError} QUEUE_FULL when they don't fit, or can't be answered before the deadline.
   */
  holdInstances(count: number, demand: Demand): void;
  /** One of the request's rows is answered, or never will be. */
  rowEnded(): void;
  /** Gives everything back; further calls do nothing. */
  release(): void;
}

/** What a stream holds: its instances come one by one, and wait where another request would be refused. */
export interface StreamTicket {
  /**
   * Counts `bytes` more.
   *
   * @throws {ServingError} QUEUE_FULL when they don't fit.
   */
  holdBytes(bytes: number): void;
  releaseBytes(bytes: number): void;
  /**
   * Counts one instance as soon as it fits and would be answered in time.
   *
   * @returns its deadline, on the clock of `performance.now()`
   * @throws {ServingError} the signal's reason when aborted.
   */
  holdInstance(signal: AbortSignal): Promise<number>;
  releaseInstance(): void;
  /** One of the rows is answered, or never will be. */
  rowEnded(): void;
  /** Gives everything back; further calls do nothing. */
  release(): void;
}

/**
 * Counts what is accepted and not yet answered, and refuses what does not fit or would be answered too late, before
 * any work is done.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  #requests = 0;
  #instances = 0;
  #bytes = 0;
  /** Streams that wait for room. */
  readonly #waiting = new Set<() => void>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get inflightRequests(): number {
    return this.#requests;
  }

  get inflightInstances(): number {
    return this.#instances;
  }

  get inflightBytes(): number {
    return this.#bytes;
  }

  /**
   * Lets a request in.
   *
   * @param forecast of the model that it asks for; absent where there is no such model
   * @throws {ServingError} QUEUE_FULL when there is no room, or no time, for even one more instance.
   */
  enter(forecast?: Forecast): Ticket {
    const { maxEnqueuedInstances, maxEnqueuedBytes, requestTimeoutMs } = this.#options;
    if (this.#instances >= maxEnqueuedInstances) throw this.#full("instances", 1, forecast);
    // Its body need not be waited for.
    this.#requireTime({ rows: 1, deadlineMs: performance.now() + requestTimeoutMs }, forecast);
    let held = { bytes: 0, instances: 0 };
    let entry: ReturnType<Forecast["enter"]> | undefined;
    let isReleased = false;
    const letGo = forecast?.hold?.();
    this.#requests += 1;
    const requireBytes = (more: number) => {
      const surplus = this.#bytes + more - maxEnqueuedBytes;
      if (surplus > 0) throw this.#full("bytes", this.#instancesOf(surplus), forecast);
    };
    return {
      requireBytes,
      holdBytes: (bytes) => {
        const more = bytes - held.bytes;
        requireBytes(more);
        this.#bytes += more;
        held = { ...held, bytes };
      },
      holdInstances: (count, demand) => {
        const surplus = this.#instances + count - maxEnqueuedInstances;
        if (surplus > 0) throw this.#full("instances", surplus, forecast);
        this.#requireTime(demand, forecast);
        entry = forecast?.enter(demand);
        this.#instances += count;
        held = { ...held, instances: count };
      },
      rowEnded: () => {
        entry?.rowEnded();
        this.#wakeStreams();
      },
      release: () => {
        if (isReleased) return;
        isReleased = true;
        entry?.leave();
        letGo?.();
        this.#requests -= 1;
        this.#bytes -= held.bytes;
        this.#instances -= held.instances;
        this.#wakeStreams();
      },
    };
  }

  /**
   * Lets a stream in.
   *
   * @throws {ServingError} QUEUE_FULL when there is no room, or no time, for even one instance.
   */
  enterStream(forecast: Forecast): StreamTicket {
    const { maxEnqueuedInstances, maxEnqueuedBytes, requestTimeoutMs } = this.#options;
    const deadline = () => performance.now() + requestTimeoutMs;
    if (this.#instances >= maxEnqueuedInstances) throw this.#full("instances", 1, forecast);
    this.#requireTime({ rows: 1, deadlineMs: deadline() }, forecast);
    const held = { bytes: 0, instances: 0 };
    const entry = forecast.enter({ rows: 0, deadlineMs: Number.POSITIVE_INFINITY });
    const letGo = forecast.hold?.();
    let isReleased = false;
    this.#requests += 1;
    const count = (instances: number, bytes: number) => {
      if (isReleased) return;
      held.instances += instances;
      held.bytes += bytes;
      this.#instances += instances;
      this.#bytes += bytes;
      if (instances < 0 || bytes < 0) this.#wakeStreams();
    };
    const fits = () =>
      this.#instances < maxEnqueuedInstances && forecast.waitMs({ rows: 1, deadlineMs: deadline() }) === 0;
    return {
      holdBytes: (bytes) => {
        const surplus = this.#bytes + bytes - maxEnqueuedBytes;
        if (surplus > 0) throw this.#full("bytes", this.#instancesOf(surplus), forecast);
        count(0, bytes);
      },
      releaseBytes: (bytes) => count(0, -bytes),
      holdInstance: async (signal) => {
        signal.throwIfAborted();
        while (!fits()) await this.#change(signal);
        count(1, 0);
        const deadlineMs = deadline();
        entry.rowAdded(deadlineMs);
        return deadlineMs;
      },
      releaseInstance: () => count(-1, 0),
      rowEnded: () => {
        entry.rowEnded();
        this.#wakeStreams();
      },
      release: () => {
        if (isReleased) return;
        count(-held.instances, -held.bytes);
        isReleased = true;
        entry.leave();
        letGo?.();
        this.#requests -= 1;
        this.#wakeStreams();
      },
    };
  }

  /** Resolves when something was given back. What is in work is, so that nobody waits for good. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #wakeStreams(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** How many of the accepted instances so many bytes are, as far as their bodies have come. */
  #instancesOf(bytes: number): number {
    return this.#bytes === 0 ? 0 : Math.ceil((bytes / this.#bytes) * this.#instances);
  }

  #requireTime(demand: Demand, forecast: Forecast | undefined): void {
    const waitMs = forecast?.waitMs(demand) ?? 0;
    if (waitMs === 0) return;
    const timeout = `REQUEST_TIMEOUT_MS is ${this.#options.requestTimeoutMs}`;
    throw this.#refusal("deadline", `the queue is too long for an answer in time (${timeout})`, waitMs);
  }

  /** @param rows how many of the accepted ones must be answered before there is room */
  #full(reason: "instances" | "bytes", rows: number, forecast: Forecast | undefined): ServingError {
    const { maxEnqueuedInstances, maxEnqueuedBytes } = this.#options;
    const limit =
      reason === "instances"
        ? `MAX_ENQUEUED_INSTANCES is ${maxEnqueuedInstances}`
        : `MAX_ENQUEUED_BYTES is ${maxEnqueuedBytes}`;
    return this.#refusal(reason, `the queue is full (${limit})`, forecast?.finishMs(rows) ?? 0);
  }

  #refusal(reason: RefusalReason, sentence: string, waitMs: number): ServingError {
    this.#options.onRefused(reason);
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    return new ServingError("QUEUE_FULL", `${sentence}; try again in ${retryAfterSeconds} s`, {
      retryAfterSeconds,
    });
  }
}
