import { setTimeout } from "node:timers/promises";
import { FairPermits } from "./batching/fair-permits.ts";
import type { CudaDevices } from "./config/cuda-devices.ts";
import { listenPort } from "./config/listen-port.ts";
import { packageVersion } from "./config/package-version.ts";
import type { Settings } from "./config/settings.ts";
import { type TelemetryPlan, telemetryPlan } from "./config/telemetry-plan.ts";
import { ServingError } from "./errors.ts";
import type { GrpcServer } from "./grpc/grpc-server.ts";
import { createApp } from "./http/app.ts";
import { DrainableServer } from "./http/drainable-server.ts";
import { loadJsonParser } from "./http/parse-json-text.ts";
import { UnsentAnswers } from "./http/unsent-answers.ts";
import { vertexWarnings } from "./http/vertex-limit.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import { ImageWorkTime } from "./image-workers/image-work-time.ts";
import type { StartSession } from "./lane-starter.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { ModelLoader } from "./model-loader.ts";
import type { Logger } from "./observability/logger.ts";
import { Metrics, type RefusalReason } from "./observability/metrics.ts";
import type { OpenTrace } from "./observability/request-trace.ts";
import type { Telemetry } from "./observability/telemetry.ts";
import { Admission } from "./serving/admission.ts";
import type { ServingApi } from "./serving/serving-api.ts";
import { ModelManager } from "./versions/model-manager.ts";
import { namesSeveral, readModels } from "./versions/model-source.ts";

export interface ServerOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** CPUs to plan threads for. */
  readonly cpus: number;
  readonly cuda: CudaDevices;
  /** Called once when the server can't go on: its process should end. */
  readonly onFatal: (error: Error) => void;
  readonly startSession?: StartSession;
}

/** How long the requests that are on their way when the listener closes may take to arrive. */
const CLOSE_GRACE_MS = 300;

/** The composition root: builds every concrete thing, and owns the order of start and stop. */
export class Server {
  readonly lifecycle: Lifecycle = new Lifecycle();
  readonly #options: ServerOptions;
  readonly #http: DrainableServer;
  readonly #admission: Admission;
  readonly #unsentAnswers: UnsentAnswers;
  readonly #metrics: Metrics;
  #grpc: GrpcServer | undefined;
  #grpcPort: number | undefined;
  #imagePool: ImagePool | undefined;
  readonly #imageWorkTime: ImageWorkTime;
  readonly #models: ModelManager;
  #loader: ModelLoader | undefined;
  readonly #telemetryPlan: TelemetryPlan | undefined;
  #telemetry: Telemetry | undefined;
  readonly #openTrace: OpenTrace = (header) => this.#telemetry?.openTrace(header);
  #ended: Promise<void> | undefined;

  /** @throws {StartupError} when what says which models are served can't be read, or where telemetry goes. */
  constructor(options: ServerOptions) {
    const { settings, logger } = options;
    this.#options = options;
    this.#telemetryPlan = telemetryPlan(settings);
    this.#models = new ModelManager({
      readModels: () => readModels(settings),
      load: async (request) => this.#requireLoader().load(request),
      lifecycle: this.lifecycle,
      choice: namesSeveral(settings) ? { ...settings, setting: "base_path" } : settings,
      pollWaitSeconds: settings.fileSystemPollWaitSeconds,
      log: logger,
    });
    const onRefused = (reason: RefusalReason) => this.#metrics.requestRefused(reason);
    this.#admission = new Admission({ ...settings, onRefused });
    this.#unsentAnswers = new UnsentAnswers({ ...settings, onRefused });
    const sources = {
      inflightRequests: () => this.#admission.inflightRequests,
      inflightInstances: () => this.#admission.inflightInstances,
      inflightBytes: () => this.#admission.inflightBytes,
      unsentBytes: () => this.#unsentAnswers.bytes + (this.#grpc?.unsentBytes ?? 0),
      ready: () => this.lifecycle.state === "READY",
    };
    this.#metrics = new Metrics(settings, sources, { labelsModels: namesSeveral(settings) });
    this.#imageWorkTime = new ImageWorkTime(settings.imageWorkers ?? options.cpus);
    this.#http = new DrainableServer({
      settings,
      logger,
      metrics: this.#metrics,
      onRequest: createApp({ ...this.api, unsentAnswers: this.#unsentAnswers }).callback(),
    });
  }

  /** Where gRPC is answered; undefined until it is, and where it is off. */
  get grpcPort(): number | undefined {
    return this.#grpcPort;
  }

  /** What all that answers requests needs, over HTTP or otherwise. */
  get api(): ServingApi {
    const { settings, logger } = this.#options;
    return {
      settings,
      logger,
      lifecycle: this.lifecycle,
      admission: this.#admission,
      metrics: this.#metrics,
      models: this.#models,
      openTrace: this.#openTrace,
    };
  }

  /**
   * Binds the port; from now on health routes answer.
   *
   * @returns the port, which the system chose where it was 0
   * @throws {StartupError} when the address can't be bound.
   */
  listen(): Promise<number> {
    const { settings } = this.#options;
    return this.#http.listen({ host: settings.host, port: listenPort(settings) });
  }

  /**
   * Loads and proves the models; then predictions are answered. What only this needs is imported here, so that the port
   * is bound before.
   *
   * @throws {StartupError} when one of them can't be served.
   */
  async load(): Promise<void> {
    const { grpcPort } = this.#options.settings;
    this.#loader = await this.#createLoader();
    // Told to stop meanwhile: it starts nothing.
    if (this.#ended !== undefined) await this.#loader.close();
    if (this.#telemetryPlan !== undefined) await this.#startTelemetry(this.#telemetryPlan);
    if (grpcPort !== undefined) await this.#listenGrpc(grpcPort);
    const jsonParser = loadJsonParser();
    await this.#models.start(() => jsonParser);
  }

  /**
   * Stops in order: not ready → answers for `drainMs` more, telling clients to reconnect → takes no new
   * connection → answers what comes on those it has for `closeGraceMs` → ends the workers.
   */
  async drain(drainMs: number, closeGraceMs: number = CLOSE_GRACE_MS): Promise<void> {
    this.lifecycle.moveTo("DRAINING");
    this.#models.stop();
    await setTimeout(drainMs);
    if (this.#http.isListening) {
      const grpcStopped = this.#grpc?.stop();
      await this.#http.stopListening();
      await setTimeout(closeGraceMs);
      this.lifecycle.closeWork();
      await Promise.all([this.#http.answered(), grpcStopped]);
      // What is left are connections that hold no request.
      this.#http.closeConnections();
    }
    await this.endWorkers();
  }

  /** Gives up what is unfinished, which gets DRAINING. Resolves when that is out and the workers have ended, which may be never. */
  async cutOff(): Promise<void> {
    this.lifecycle.cutWorkOff();
    await Promise.all([this.#http.answered(), this.#grpc?.stop()]);
    await this.endWorkers();
  }

  /**
   * Ends the worker threads, each when what it is in has ended. Whoever ends the process without it makes ONNX
   * Runtime abort it, if a model loads or runs.
   */
  endWorkers(): Promise<void> {
    this.#ended ??= this.#endWorkers();
    return this.#ended;
  }

  /** Sends what telemetry is left; a collector that does not take it may keep this waiting for long. */
  async closeTelemetry(): Promise<void> {
    await this.#telemetry?.close();
  }

  async #endWorkers(): Promise<void> {
    this.#models.stop();
    await Promise.all([this.#loader?.close(), this.#imagePool?.close()]);
  }

  /** Costs nothing where it is off: the SDK is not even loaded. */
  async #startTelemetry(plan: TelemetryPlan): Promise<void> {
    const { logger } = this.#options;
    const { Telemetry } = await import("./observability/telemetry.ts");
    this.#telemetry = new Telemetry({ plan, version: packageVersion(), logger, metrics: this.#metrics });
    const { traces, metrics } = plan;
    logger.info({ traces: hostOf(traces), metrics: hostOf(metrics) }, "sending telemetry");
  }

  /** Calls are answered UNAVAILABLE until the model is loaded. */
  async #listenGrpc(port: number): Promise<void> {
    const { settings, logger } = this.#options;
    const { GrpcServer } = await import("./grpc/grpc-server.ts");
    const grpc = new GrpcServer({
      ...this.api,
      onRefused: (reason) => this.#metrics.requestRefused(reason),
    });
    this.#grpcPort = await grpc.listen({ host: settings.host, port });
    this.#grpc = grpc;
    logger.info({ host: settings.host, port: this.#grpcPort }, "listening for gRPC");
  }

  /** First of all, so that the threads start while this one imports the rest. */
  async #startImagePool(): Promise<ImagePool> {
    const { ImagePool } = await import("./image-workers/image-pool.ts");
    const { settings, cpus } = this.#options;
    this.#imagePool = new ImagePool({
      workers: settings.imageWorkers ?? cpus,
      maxImagePixels: settings.maxImagePixels,
      imageTimeoutMs: settings.imageTimeoutMs,
      onRestart: () => this.#metrics.imageWorkerRestarted(),
      onTaskEnded: (kind, ms) => this.#imageWorkTime.taskEnded(kind, ms),
    });
    return this.#imagePool;
  }

  async #createLoader(): Promise<ModelLoader> {
    const { settings, logger, cpus, cuda, startSession, onFatal } = this.#options;
    const imagePool = await this.#startImagePool();
    const { ModelLoader } = await import("./model-loader.ts");
    return new ModelLoader({
      settings,
      logger,
      metrics: this.#metrics,
      cpus,
      cuda,
      imagePool,
      imageWorkTime: this.#imageWorkTime,
      workerPermits: new FairPermits({ permits: imagePool.concurrency }),
      startSession,
      warningsOf: (servable) => vertexWarnings(servable, settings),
      onChanged: () => this.#models.changed(),
      onGaveUp: (reason) => {
        this.lifecycle.moveTo("FAILED", reason.message);
        onFatal(reason);
      },
    });
  }

  #requireLoader(): ModelLoader {
    if (this.#loader !== undefined) return this.#loader;
    throw new ServingError("INTERNAL", "a model is loaded before the server; this is a bug");
  }
}

/** For the log: without what may be secret. */
function hostOf(target: { readonly url: string } | undefined): string | undefined {
  return target && new URL(target.url).host;
}
