import { totalmem } from "node:os";
import { DeviceTurns } from "./batching/device-turns.ts";
import type { FairPermits } from "./batching/fair-permits.ts";
import type { ComposedVersion } from "./composed-version.ts";
import type { CudaDevices } from "./config/cuda-devices.ts";
import { decodeBudget } from "./config/decode-budget.ts";
import type { Settings } from "./config/settings.ts";
import { DecodeMemory } from "./decode-memory.ts";
import type { StartupError } from "./errors.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import type { ImageWorkTime } from "./image-workers/image-work-time.ts";
import { LaneStarter, type StartSession } from "./lane-starter.ts";
import { loadServable } from "./load-servable.ts";
import type { FoundComposition } from "./model/find-composition.ts";
import { ModelVersion } from "./model-version.ts";
import type { Logger } from "./observability/logger.ts";
import type { Metrics } from "./observability/metrics.ts";
import { LossLimit, type ThreadLoss } from "./runtime/loss-limit.ts";
import type { Session, SessionInfo } from "./runtime/session.ts";
import { DeviceLoad } from "./runtime/session-lanes.ts";
import type { Servable } from "./servable.ts";
import { TrialSession } from "./trial-session.ts";
import type { LoadRequest, ServedVersion } from "./versions/served-version.ts";

export interface ModelLoaderOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** CPUs to plan threads for: each model's lanes get all of them, and take turns with the others'. */
  readonly cpus: number;
  readonly cuda: CudaDevices;
  readonly imagePool: ImagePool;
  readonly imageWorkTime: ImageWorkTime;
  /** One for each image worker. */
  readonly workerPermits: FairPermits;
  readonly startSession: StartSession | undefined;
  /** What operators should know of a model where it is deployed. */
  readonly warningsOf: (servable: Servable) => readonly string[];
  /** Workers of a version that serves were lost, or restored. */
  readonly onChanged: () => void;
  /** The process should end. */
  readonly onGaveUp: (reason: StartupError) => void;
}

/** Loads versions of models, each with workers of its own; what the models share is here. */
export class ModelLoader {
  readonly #options: ModelLoaderOptions;
  readonly #turns: Readonly<Record<SessionInfo["provider"], DeviceTurns>>;
  /** A model's versions take turns as one. */
  readonly #flows = new Map<string, object>();
  /** Of all versions that serve. */
  readonly #limit = new LossLimit();
  readonly #load = new DeviceLoad();
  readonly #starters = new Set<LaneStarter>();
  #decodeMemory: DecodeMemory | undefined;
  #isClosed = false;

  constructor(options: ModelLoaderOptions) {
    this.#options = options;
    this.#turns = { cpu: new DeviceTurns(), cuda: new DeviceTurns(options.cuda.devices.length) };
  }

  /** @throws {StartupError} one line that says why the version can't be served. */
  async load(request: LoadRequest): Promise<ServedVersion> {
    const { config, version } = request;
    const { findComposition } = await import("./model/find-composition.ts");
    const found = findComposition(config.basePath, version);
    return found === undefined ? this.#loadModel(request) : this.#loadComposed(request, found);
  }

  async #loadComposed({ config, isBeside }: LoadRequest, found: FoundComposition): Promise<ComposedVersion> {
    const { loadComposition } = await import("./load-composition.ts");
    const { ComposedVersion } = await import("./composed-version.ts");
    const loaded = await loadComposition({
      settings: { ...this.#options.settings, modelDir: config.basePath, modelName: config.name },
      found,
      load: async ({ modelDir, modelName }) => {
        const part = { ...config, name: modelName, basePath: modelDir };
        const version = await this.#loadModel({
          config: part,
          version: undefined,
          before: undefined,
          isBeside,
        });
        return { servable: version.model.servable, version, close: () => version.close() };
      },
    });
    const composed = new ComposedVersion({ ...this.#options, loaded });
    this.#tell(composed, loaded.servable);
    return composed;
  }

  async #loadModel(
    request: Omit<LoadRequest, "version"> & { readonly version: number | undefined },
  ): Promise<ModelVersion> {
    const { config, version, before, isBeside } = request;
    const { cpus, cuda, imagePool } = this.#options;
    const settings = { ...this.#options.settings, modelDir: config.basePath, modelName: config.name };
    let loaded: ModelVersion | undefined;
    const starter = this.#openStarter(config.name, () => loaded);
    const trials: TrialSession[] = [];
    const flow = {};
    const onTrial = (session: Session) => {
      if (!isBeside) return session;
      const turns = this.#turns[session.info.provider].join({ flow, share: () => 1, batchMs: () => 0 });
      const trial = new TrialSession(session, turns);
      trials.push(trial);
      return trial;
    };
    try {
      const { servable, session } = await loadServable({
        settings,
        version,
        imagePool,
        cpus,
        cuda,
        load: this.#load,
        untried: isBeside ? untried(before?.lanes) : undefined,
        startSession: async (model, place) => onTrial(await starter.start(model, place)),
      });
      for (const trial of trials) trial.serve();
      loaded = new ModelVersion({
        ...this.#options,
        servable,
        session,
        decodeMemory: this.#shareDecodeMemory(),
        turns: this.#turns[servable.info.provider],
        flow: this.#flowOf(config.name),
        onClose: () => this.#close(starter),
      });
      this.#tell(loaded, servable);
      return loaded;
    } catch (error) {
      // A thread that does not come back is waited for by nobody.
      void this.#close(starter);
      throw error;
    }
  }

  /** Of what the first model leaves. */
  #shareDecodeMemory(): DecodeMemory {
    if (this.#decodeMemory !== undefined) return this.#decodeMemory;
    const { settings, logger } = this.#options;
    const maxBytes = decodeBudget(settings, {
      constrainedBytes: process.constrainedMemory(),
      totalBytes: totalmem(),
      residentBytes: process.memoryUsage.rss(),
    });
    logger.info({ maxDecodeBytes: maxBytes }, "memory for decoding large images");
    this.#decodeMemory = new DecodeMemory({ maxBytes, maxImagePixels: settings.maxImagePixels });
    return this.#decodeMemory;
  }

  /** Ends all workers, also those that are being started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#starters].map((starter) => starter.close()));
  }

  async #close(starter: LaneStarter): Promise<void> {
    await starter.close();
    this.#starters.delete(starter);
  }

  #flowOf(name: string): object {
    const flow = this.#flows.get(name) ?? {};
    this.#flows.set(name, flow);
    return flow;
  }

  /** While a version is loaded its failures are its own: they fail the load, and no other model. */
  #openStarter(model: string, loaded: () => ModelVersion | undefined): LaneStarter {
    const { settings, startSession, metrics, logger, onChanged, onGaveUp } = this.#options;
    const own = new LossLimit();
    const limit = () => (loaded() === undefined ? own : this.#limit);
    const starter = new LaneStarter({
      settings,
      startSession,
      limit: {
        add: (loss: ThreadLoss) => limit().add(loss),
        get waitMs() {
          return limit().waitMs;
        },
      },
      observer: {
        lost: (lane, loss) => {
          metrics.inferenceWorkerRestarted(model, lane);
          logger.error({ model, lane, loss }, "lost an inference worker; starting another");
          onChanged();
        },
        restored: () => {
          loaded()?.resume();
          onChanged();
        },
        gaveUp: (reason) => {
          const version = loaded();
          if (version === undefined) return;
          onGaveUp(reason);
          version.giveUp();
        },
      },
    });
    this.#starters.add(starter);
    if (this.#isClosed) void starter.close();
    return starter;
  }

  #tell(version: ServedVersion, servable: Servable): void {
    const { logger, warningsOf } = this.#options;
    for (const warning of warningsOf(servable)) logger.warn(warning);
    // A composed model's are those of its parts, which have told of them.
    if (servable.composition === undefined) for (const warning of servable.warnings) logger.warn(warning);
    logger.info(
      {
        model: servable.name,
        version: servable.version,
        file: servable.file,
        sha256: servable.sha256,
        provider: servable.info.provider,
        task: servable.head.task,
        maxBatchSize: servable.maxBatchSize,
        maxBatchSizeReason: servable.maxBatchSizeReason,
        tuning: version.model.tuning(),
        lanes: servable.lanes,
        golden: servable.golden,
        origins: servable.origins,
      },
      "model loaded",
    );
  }
}

function untried(before: number | undefined): { readonly lanes: number; readonly reason: string } {
  return before === undefined
    ? { lanes: 1, reason: "more are not tried beside models that serve" }
    : { lanes: before, reason: "as many as the version before has" };
}
