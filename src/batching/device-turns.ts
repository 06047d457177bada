import { FairQueue } from "./fair-queue.ts";

export interface TurnTakerOptions {
  /** Takers of one flow, such as two versions of a model, share its turns. */
  readonly flow: object;
  /** The part of a device that one batch takes: 1 / n where n run at once. Above 0, at most 1. */
  readonly share: () => number;
  /** Milliseconds that a batch is expected to run; 0 while that is not known. */
  readonly batchMs: () => number;
}

/** What gives a turn back; further calls do nothing. */
export type EndTurn = () => void;

/** Whoever runs batches where others do as well. */
export interface TurnTaker {
  /**
   * Takes a turn for one batch. Undefined where others are before: then `onTurn` gets it, once, when it has come, and
   * may give it back at once.
   */
  take(onTurn: (end: EndTurn) => void): EndTurn | undefined;
  /** Milliseconds of the devices' time that the others' next batches take, of those who have any. */
  othersMs(): number;
}

interface Waiting {
  readonly taker: TurnTakerOptions;
  readonly onTurn: (end: EndTurn) => void;
}

/**
 * Turns on devices that several models share: their batches follow each other, one of each, so that a busy model holds
 * up another by one batch. As many batches as fill the devices run at once. Who has the turn and does not fit yet holds
 * the others back: else small batches would pass it by for ever.
 */
export class DeviceTurns {
  readonly #devices: number;
  readonly #waiting = new FairQueue<Waiting>();
  readonly #running = new Set<{ readonly taker: TurnTakerOptions }>();
  #next: Waiting | undefined;

  /** @param devices that are alike, and of which each batch runs on one. Minimum: 1. */
  constructor(devices = 1) {
    this.#devices = devices;
  }

  join(taker: TurnTakerOptions): TurnTaker {
    return {
      take: (onTurn) => this.#take({ taker, onTurn }),
      othersMs: () => this.#othersMs(taker),
    };
  }

  #take(waiting: Waiting): EndTurn | undefined {
    if (this.#next === undefined && this.#fits(waiting.taker)) return this.#start(waiting.taker);
    this.#waiting.push(waiting.taker.flow, waiting);
    this.#next ??= this.#waiting.shift();
    return undefined;
  }

  #fits({ share }: TurnTakerOptions): boolean {
    let taken = 0;
    for (const { taker } of this.#running) taken += taker.share();
    // Thirds do not add up exactly.
    return taken + share() <= this.#devices + 1e-9;
  }

  #start(taker: TurnTakerOptions): EndTurn {
    const turn = { taker };
    this.#running.add(turn);
    return () => {
      if (this.#running.delete(turn)) this.#handOn();
    };
  }

  #handOn(): void {
    while (this.#next !== undefined && this.#fits(this.#next.taker)) {
      const { taker, onTurn } = this.#next;
      this.#next = this.#waiting.shift();
      onTurn(this.#start(taker));
    }
  }

  #othersMs({ flow }: TurnTakerOptions): number {
    // Asked for each request that waits, and mostly there are no others.
    let others: Map<object, number> | undefined;
    const add = (taker: TurnTakerOptions) => {
      if (taker.flow === flow) return;
      others ??= new Map();
      others.set(taker.flow, taker.batchMs() * taker.share());
    };
    for (const { taker } of this.#running) add(taker);
    for (const { taker } of this.#waiting) add(taker);
    if (this.#next !== undefined) add(this.#next.taker);
    let totalMs = 0;
    for (const ms of others?.values() ?? []) totalMs += ms;
    return totalMs / this.#devices;
  }
}
