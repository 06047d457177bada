import { ServingError } from "../errors.ts";

export interface AdmissionLimits {
  /** Most instances accepted and not yet answered. Minimum: 1. */
  readonly maxEnqueuedInstances: number;
  /** Most bytes of bodies accepted and not yet answered. Minimum: 1. */
  readonly maxEnqueuedBytes: number;
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
   * Counts the request's instances, once.
   *
   * @throws {ServingError} QUEUE_FULL when they don't fit.
   */
  holdInstances(count: number): void;
  /** Gives everything back; further calls do nothing. */
  release(): void;
}

/** Counts what is accepted and not yet answered, and refuses what does not fit, before any work is done. */
export class Admission {
  readonly #limits: AdmissionLimits;
  #requests = 0;
  #instances = 0;
  #bytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
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
   * @throws {ServingError} QUEUE_FULL when there is no room for even one more instance.
   */
  enter(): Ticket {
    if (this.#instances >= this.#limits.maxEnqueuedInstances) throw this.#full("instances");
    let held = { bytes: 0, instances: 0 };
    let isReleased = false;
    this.#requests += 1;
    return {
      holdBytes: (bytes) => {
        const more = bytes - held.bytes;
        if (this.#bytes + more > this.#limits.maxEnqueuedBytes) throw this.#full("bytes");
        this.#bytes += more;
        held = { ...held, bytes };
      },
      holdInstances: (count) => {
        if (this.#instances + count > this.#limits.maxEnqueuedInstances) throw this.#full("instances");
        this.#instances += count;
        held = { ...held, instances: count };
      },
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#requests -= 1;
        this.#bytes -= held.bytes;
        this.#instances -= held.instances;
      },
    };
  }

  #full(what: "instances" | "bytes"): ServingError {
    const limit =
      what === "instances"
        ? `MAX_ENQUEUED_INSTANCES is ${this.#limits.maxEnqueuedInstances}`
        : `MAX_ENQUEUED_BYTES is ${this.#limits.maxEnqueuedBytes}`;
    return new ServingError("QUEUE_FULL", `the queue is full (${limit}); try again later`, {
      retryAfterSeconds: 1,
    });
  }
}
