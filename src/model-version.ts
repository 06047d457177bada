import type { Backlog } from "./batching/backlog.ts";
import type { DeviceTurns } from "./batching/device-turns.ts";
import { FairPermits } from "./batching/fair-permits.ts";
import type { LoadedPart } from "./composition/composed-flow.ts";
import type { Settings } from "./config/settings.ts";
import type { DecodeMemory } from "./decode-memory.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import type { ImageWorkTime } from "./image-workers/image-work-time.ts";
import type { Metrics, ServedFigures } from "./observability/metrics.ts";
import { Predictor } from "./predictor.ts";
import type { SessionLanes } from "./runtime/session-lanes.ts";
import type { Servable } from "./servable.ts";
import type { Forecast } from "./serving/admission.ts";
import type { LoadedModel } from "./serving/model-directory.ts";
import { rowSlots } from "./tensor/row-slots.ts";
import { createTunedBatching, type TunedBatching } from "./tuned-batching.ts";
import type { ServedVersion } from "./versions/served-version.ts";

export interface ModelVersionOptions {
  readonly servable: Servable;
  readonly session: SessionLanes;
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly cuda: { readonly devices: readonly number[] };
  readonly imagePool: ImagePool;
  readonly imageWorkTime: ImageWorkTime;
  readonly workerPermits: FairPermits;
  readonly decodeMemory: DecodeMemory;
  readonly turns: DeviceTurns;
  /** The model, whatever its version. */
  readonly flow: object;
  /** Ends the workers. */
  readonly onClose: () => Promise<void>;
}

/** One version of one model: its lanes, its batches, and what is learnt of them. */
export class ModelVersion implements ServedVersion {
  readonly model: LoadedModel;
  /** The same, as a composed model asks it. */
  readonly part: LoadedPart;
  readonly lanes: number;
  readonly #session: SessionLanes;
  readonly #batching: TunedBatching;
  readonly #close: () => Promise<void>;
  #hasGivenUp = false;
  #held = 0;
  #onDrained: (() => void)[] = [];
  readonly #forget: () => void;

  constructor(options: ModelVersionOptions) {
    const { servable, session, metrics, imagePool, workerPermits } = options;
    this.#session = session;
    this.#close = options.onClose;
    this.lanes = session.count;
    const hold = () => this.#hold();
    this.#batching = createTunedBatching({
      ...options,
      metrics: metrics.ofModel(servable.name),
      lanes: session.count,
      imageWorkers: imagePool.concurrency,
      imageMs: () => options.imageWorkTime.perImageMs,
      shared: { turns: options.turns, flow: options.flow, share: shareOf(options) },
      // Without any hope of a worker what waits is told so by the run.
      canRun: () => session.live > 0 || this.#hasGivenUp,
    });
    const { scheduler, backlog, tuning } = this.#batching;
    // One batch runs on each lane, one is ready, and the image workers fill the next; another is for newcomers.
    const permits = (session.count + 1) * servable.maxBatchSize + imagePool.concurrency;
    const reserved = servable.maxBatchSize;
    const predictor = new Predictor({
      servable,
      scheduler,
      imagePool,
      rowPermits: new FairPermits({ permits, reserved }),
      workerPermits,
      decodeMemory: options.decodeMemory,
      rowSlots: servable.rowBytes === undefined ? [] : rowSlots(permits + reserved, servable.rowBytes),
      stageEnded: metrics.ofModel(servable.name).stageEnded,
      hold,
    });
    this.part = { servable, predictor, tuning, forecast: holding(backlog, hold) };
    this.model = this.part;
    this.#forget = metrics.modelLoaded(this.#figures());
  }

  get isLive(): boolean {
    return this.#session.live > 0;
  }

  /** Workers are there again. */
  resume(): void {
    this.#batching.scheduler.resume();
  }

  /** There will be no other workers: what waits fails. */
  giveUp(): void {
    this.#hasGivenUp = true;
    this.#batching.scheduler.resume();
  }

  drained(): Promise<void> {
    if (this.#held === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  close(): Promise<void> {
    this.#forget();
    return this.#close();
  }

  #hold(): () => void {
    this.#held += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#held -= 1;
      if (this.#held === 0) for (const resolve of this.#onDrained.splice(0)) resolve();
    };
  }

  #figures(): ServedFigures {
    const { servable, tuning } = this.model;
    const { name, version, sha256, info } = servable;
    return {
      model: { name, version: String(version), sha256, provider: info.provider },
      lanes: this.lanes,
      liveLanes: () => this.#session.live,
      queuedRows: () => this.#batching.scheduler.waitingRows,
      tuning,
    };
  }
}

/** Lanes are dealt out to the devices in turn; a CPU is one device. */
function shareOf({ servable, session, cuda }: ModelVersionOptions): number {
  const devices = servable.info.provider === "cuda" ? cuda.devices.length : 1;
  return 1 / Math.ceil(session.count / devices);
}

function holding(backlog: Backlog, hold: () => () => void): Forecast {
  return {
    waitMs: (demand) => backlog.waitMs(demand),
    finishMs: (rows) => backlog.finishMs(rows),
    enter: (demand) => backlog.enter(demand),
    hold,
  };
}
