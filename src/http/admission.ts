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
  enter(demand: Demand): { rowEnded(): void; leave(): void };
}

export interface AdmissionOptions {
  /** Most instances accepted and not yet answered. Minimum: 1. */
  readonly maxEnqueuedInstances: number;
  /** Most bytes of bodies accepted and not yet answered. Minimum: 1. */
  readonly maxEnqueuedBytes: number;
  /** Undefined until the model is loaded. */
  readonly forecast: () => Forecast | undefined;
  /** Longest time from a request's last byte to its answer. */
  readonly requestTimeoutMs: number;
  readonly onRefused: (reason: RefusalReason) => void;
}

/** What one request holds until it is answered. */
export interface Ticket {
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

/**
 * Counts what is accepted and not yet answered, and refuses what does not fit or would be answered too late, before
 * any work is done.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  #requests = 0;
  #instances = 0;
  #bytes = 0;

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
   * @throws {ServingError} QUEUE_FULL when there is no room, or no time, for even one more instance.
   */
  enter(): Ticket {
    const { maxEnqueuedInstances, maxEnqueuedBytes, requestTimeoutMs } = this.#options;
    if (this.#instances >= maxEnqueuedInstances) throw this.#full("instances", 1);
    // Its body need not be waited for.
    this.#requireTime({ rows: 1, deadlineMs: performance.now() + requestTimeoutMs });
    let held = { bytes: 0, instances: 0 };
    let entry: ReturnType<Forecast["enter"]> | undefined;
    let isReleased = false;
    this.#requests += 1;
    return {
      holdBytes: (bytes) => {
        const more = bytes - held.bytes;
        const surplus = this.#bytes + more - maxEnqueuedBytes;
        if (surplus > 0) throw this.#full("bytes", this.#instancesOf(surplus));
        this.#bytes += more;
        held = { ...held, bytes };
      },
      holdInstances: (count, demand) => {
        const surplus = this.#instances + count - maxEnqueuedInstances;
        if (surplus > 0) throw this.#full("instances", surplus);
        this.#requireTime(demand);
        entry = this.#options.forecast()?.enter(demand);
        this.#instances += count;
        held = { ...held, instances: count };
      },
      rowEnded: () => entry?.rowEnded(),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        entry?.leave();
        this.#requests -= 1;
        this.#bytes -= held.bytes;
        this.#instances -= held.instances;
      },
    };
  }

  /** How many of the accepted instances so many bytes are, as far as their bodies have come. */
  #instancesOf(bytes: number): number {
    return this.#bytes === 0 ? 0 : Math.ceil((bytes / this.#bytes) * this.#instances);
  }

  #requireTime(demand: Demand): void {
    const waitMs = this.#options.forecast()?.waitMs(demand) ?? 0;
    if (waitMs === 0) return;
    const timeout = `REQUEST_TIMEOUT_MS is ${this.#options.requestTimeoutMs}`;
    throw this.#refusal("deadline", `the queue is too long for an answer in time (${timeout})`, waitMs);
  }

  /** @param rows how many of the accepted ones must be answered before there is room */
  #full(reason: "instances" | "bytes", rows: number): ServingError {
    const { maxEnqueuedInstances, maxEnqueuedBytes, forecast } = this.#options;
    const limit =
      reason === "instances"
        ? `MAX_ENQUEUED_INSTANCES is ${maxEnqueuedInstances}`
        : `MAX_ENQUEUED_BYTES is ${maxEnqueuedBytes}`;
    return this.#refusal(reason, `the queue is full (${limit})`, forecast()?.finishMs(rows) ?? 0);
  }

  #refusal(reason: RefusalReason, sentence: string, waitMs: number): ServingError {
    this.#options.onRefused(reason);
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    return new ServingError("QUEUE_FULL", `${sentence}; try again in ${retryAfterSeconds} s`, {
      retryAfterSeconds,
    });
  }
}
