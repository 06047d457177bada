import { ServingError } from "../errors.ts";
import type { Feed, RunOutcome, Session, SessionInfo } from "./session.ts";

/** How many runs are under way on each GPU, of all models that share them. */
export class DeviceLoad {
  readonly #runs = new Map<number, number>();

  runsOn(device: number): number {
    return this.#runs.get(device) ?? 0;
  }

  changed(device: number, by: 1 | -1): void {
    this.#runs.set(device, this.runsOn(device) + by);
  }
}

/** Where lanes run that share their GPUs with other models. */
export interface SharedDevices {
  readonly load: DeviceLoad;
  /** The GPU of each lane. */
  readonly devices: readonly number[];
}

interface Lane {
  readonly session: Session;
  readonly device: number;
  /** The run that is under way; never rejects. */
  running: Promise<unknown> | undefined;
}

export interface SessionLanesOptions {
  /** Of the same model, the first of which tells what it declares. At least one. */
  readonly lanes: readonly [Session, ...Session[]];
  /** One that runs on the threads of all lanes together. */
  readonly wide?: Session | undefined;
  /** Where several models share several GPUs. */
  readonly shared?: SharedDevices;
}

/**
 * Several sessions of one model that run side by side, one batch on each. A lane whose thread died takes no batch until
 * it has another, as long as one of the others can. A row that comes when nothing runs goes to the wide session, where
 * there is one; the lanes begin when that has ended.
 */
export class SessionLanes implements Session {
  readonly info: SessionInfo;
  readonly #lanes: readonly Lane[];
  readonly #wide: Lane | undefined;
  readonly #load: DeviceLoad;

  constructor({ lanes, wide, shared }: SessionLanesOptions) {
    this.info = lanes[0].info;
    this.#load = shared?.load ?? new DeviceLoad();
    this.#lanes = lanes.map((session, i) => ({
      session,
      device: shared?.devices[i] ?? i,
      running: undefined,
    }));
    this.#wide = wide && { session: wide, device: 0, running: undefined };
  }

  /** How many batches can run at once. */
  get count(): number {
    return this.#lanes.length;
  }

  /** How many lanes hold the model now. */
  get live(): number {
    return this.#lanes.filter(({ session }) => session.restored === undefined).length;
  }

  /**
   * Runs on the first lane that is free, of those whose device has the fewest runs under way. With more runs than lanes the rest wait, in no stated order.
   *
   * @throws as the lane does.
   * @throws {ServingError} NOT_READY when no lane could be restored.
   */
  async run(feed: Feed): Promise<RunOutcome> {
    const startMs = performance.now();
    let lane = this.#freeLane(feed);
    while (lane === undefined) {
      await this.#someChange();
      lane = this.#freeLane(feed);
    }
    // Nothing may be awaited from the finding of the lane to here: another run would find it too.
    const waitedMs = performance.now() - startMs;
    const run = lane.session.run(feed);
    lane.running = run.catch(() => {});
    this.#load.changed(lane.device, 1);
    try {
      return { ...(await run), waitedMs, wasWide: lane === this.#wide };
    } finally {
      lane.running = undefined;
      this.#load.changed(lane.device, -1);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ session }) => session.close()));
  }

  get #all(): readonly Lane[] {
    return this.#wide === undefined ? this.#lanes : [...this.#lanes, this.#wide];
  }

  #freeLane(feed: Feed): Lane | undefined {
    const wide = this.#wide;
    if (wide?.running !== undefined) return undefined;
    const isIdle = this.#lanes.every(({ running }) => running === undefined);
    if (wide !== undefined && isIdle && isFree(wide) && isOneRow(feed)) return wide;
    const free = this.#lanes.filter(isFree);
    const least = Math.min(...free.map(({ device }) => this.#load.runsOn(device)));
    return free.find(({ device }) => this.#load.runsOn(device) === least);
  }

  /** Waits until a run ends or a thread is there again. */
  async #someChange(): Promise<void> {
    try {
      await Promise.any(this.#all.flatMap(({ session, running }) => running ?? session.restored ?? []));
    } catch (error) {
      const [cause] = (error as AggregateError).errors;
      throw new ServingError("NOT_READY", "no inference worker is left", { cause, retryAfterSeconds: 1 });
    }
  }
}

function isFree({ session, running }: Lane): boolean {
  return running === undefined && session.restored === undefined;
}

function isOneRow(feed: Feed): boolean {
  return feed.kind === "rows" && feed.batchSize === 1;
}
