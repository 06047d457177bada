import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, Server as NetServer } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import { FairPermits } from "./batching/fair-permits.ts";
import type { CudaDevices } from "./config/cuda-devices.ts";
import type { Settings } from "./config/settings.ts";
import { StartupError } from "./errors.ts";
import { Admission } from "./http/admission.ts";
import { createApp } from "./http/app.ts";
import { answerClientError } from "./http/client-error.ts";
import { loadJsonParser } from "./http/parse-json-text.ts";
import type { LoadedModel } from "./http/serving-api.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import { ImageWorkTime } from "./image-workers/image-work-time.ts";
import { LaneStarter, type StartSession } from "./lane-starter.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Logger } from "./observability/logger.ts";
import { Metrics } from "./observability/metrics.ts";
import { Predictor } from "./predictor.ts";
import type { SessionLanes } from "./runtime/session-lanes.ts";
import type { Servable } from "./servable.ts";
import { rowSlots } from "./tensor/row-slots.ts";
import { createTunedBatching, type TunedBatching } from "./tuned-batching.ts";

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

/** As many as Node's default backlog holds. */
const MAX_BACKLOG_TURNS = 511;

/** How often an unfinished request's time limits are looked at. */
const CONNECTION_CHECK_MS = 1000;

/** The composition root: builds every concrete thing, and owns the order of start and stop. */
export class Server {
  readonly lifecycle: Lifecycle = new Lifecycle();
  readonly #options: ServerOptions;
  readonly #http: HttpServer;
  readonly #admission: Admission;
  readonly #metrics: Metrics;
  #imagePool: ImagePool | undefined;
  readonly #imageWorkTime: ImageWorkTime;
  readonly #starter: LaneStarter;
  #batching: TunedBatching | undefined;
  #lanes: SessionLanes | undefined;
  #ended: Promise<void> | undefined;
  #model: LoadedModel | undefined;
  #openAnswers = 0;

  constructor(options: ServerOptions) {
    const { settings, logger } = options;
    this.#options = options;
    this.#admission = new Admission({
      ...settings,
      forecast: () => this.#batching?.backlog,
      onRefused: (reason) => this.#metrics.requestRefused(reason),
    });
    this.#metrics = new Metrics(settings, {
      queuedRows: () => this.#batching?.scheduler.waitingRows ?? 0,
      inflightRequests: () => this.#admission.inflightRequests,
      inflightInstances: () => this.#admission.inflightInstances,
      inflightBytes: () => this.#admission.inflightBytes,
      lanes: () => this.#lanes?.live ?? 0,
      ready: () => this.lifecycle.state === "READY",
      tuning: () => this.#batching?.tuning(),
    });
    this.#imageWorkTime = new ImageWorkTime(settings.imageWorkers ?? options.cpus);
    this.#starter = this.#createStarter(options);
    this.#http = this.#createHttpServer(settings, logger);
  }

  /** The model and its description, once loaded. */
  get servable(): Servable | undefined {
    return this.#model?.servable;
  }

  /**
   * Binds the port; from now on health routes answer.
   *
   * @returns the port, which the system chose where it was 0
   * @throws {StartupError} when the address can't be bound.
   */
  async listen(): Promise<number> {
    const { host, port } = this.#options.settings;
    this.#http.listen({ host, port });
    try {
      await once(this.#http, "listening");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const reason = code === "EADDRINUSE" ? "the port is in use" : (code ?? "it can't be bound");
      throw new StartupError(`can't listen on ${host}:${port}: ${reason}; set HOST or PORT`);
    }
    return (this.#http.address() as AddressInfo).port;
  }

  /**
   * Loads and proves the model; then predictions are answered. What only this needs is imported here, so that the port
   * is bound before.
   *
   * @throws {StartupError} when it can't be served.
   */
  async load(): Promise<void> {
    const { settings, logger, cpus, cuda } = this.#options;
    const imagePool = await this.#startImagePool();
    const { loadServable } = await import("./load-servable.ts");
    const jsonParser = loadJsonParser();
    const { servable, session } = await loadServable({
      settings,
      imagePool,
      cpus,
      cuda,
      startSession: (modelPath, place) => this.#starter.start(modelPath, place),
    });
    await jsonParser;
    this.#lanes = session;
    this.#model = this.#createModel(servable, session, imagePool);
    const { name, version, sha256, info } = servable;
    this.#metrics.modelLoaded(
      { name, version: String(version), sha256, provider: info.provider },
      session.count,
    );
    for (const warning of servable.warnings) logger.warn(warning);
    logger.info(
      {
        model: name,
        version,
        file: servable.file,
        sha256,
        provider: info.provider,
        task: servable.head.task,
        maxBatchSize: servable.maxBatchSize,
        maxBatchSizeReason: servable.maxBatchSizeReason,
        tuning: this.#model.tuning(),
        lanes: servable.lanes,
        golden: servable.golden,
        origins: servable.origins,
      },
      "model loaded",
    );
    this.lifecycle.moveTo("READY");
  }

  /**
   * Stops in order: not ready → answers for `drainMs` more, telling clients to reconnect → takes no new
   * connection → answers what comes on those it has → ends the workers.
   */
  async drain(drainMs: number): Promise<void> {
    this.lifecycle.moveTo("DRAINING");
    await setTimeout(drainMs);
    if (this.#http.listening) {
      await this.#acceptBacklog();
      const closed = once(this.#http, "close");
      // http.Server's own close would also cut connections whose request is still on its way.
      NetServer.prototype.close.call(this.#http);
      await setTimeout(Math.min(drainMs, CLOSE_GRACE_MS));
      this.lifecycle.closeWork();
      if (this.#openAnswers > 0) await once(this.#http, "answered");
      // What is left are connections that hold no request.
      this.#http.closeAllConnections();
      await closed;
    }
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

  async #endWorkers(): Promise<void> {
    await Promise.all([this.#starter.close(), this.#imagePool?.close()]);
  }

  /** Connections that the kernel has accepted and this process has not would be reset when the listener closes. */
  async #acceptBacklog(): Promise<void> {
    let isMore = true;
    const onConnection = () => {
      isMore = true;
    };
    this.#http.on("connection", onConnection);
    for (let turn = 0; isMore && turn < MAX_BACKLOG_TURNS; turn++) {
      isMore = false;
      await setImmediate();
      await setImmediate();
    }
    this.#http.off("connection", onConnection);
  }

  #createHttpServer(settings: Settings, logger: Logger): HttpServer {
    const app = createApp({
      settings,
      logger,
      lifecycle: this.lifecycle,
      admission: this.#admission,
      metrics: this.#metrics,
      model: () => this.#model,
    });
    const server = createServer(
      {
        keepAliveTimeout: settings.keepAliveMs,
        requestTimeout: settings.receiveTimeoutMs,
        headersTimeout: settings.receiveTimeoutMs,
        connectionsCheckingInterval: CONNECTION_CHECK_MS,
      },
      app.callback(),
    );
    server.on("clientError", answerClientError);
    server.on("request", (_, response) => {
      this.#openAnswers += 1;
      response.once("close", () => {
        this.#openAnswers -= 1;
        if (this.#openAnswers === 0) server.emit("answered");
      });
    });
    return server;
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

  #createStarter({ startSession, logger, onFatal }: ServerOptions): LaneStarter {
    return new LaneStarter({
      startSession,
      observer: {
        lost: (lane) => {
          if (this.#lanes?.live === 0) this.lifecycle.moveTo("LOADING");
          this.#metrics.inferenceWorkerRestarted(lane);
          logger.error({ lane }, "the inference worker died; starting another");
        },
        restored: () => {
          // A worker that died while the model was being proven fails the start.
          if (this.#model !== undefined) this.lifecycle.moveTo("READY");
        },
        gaveUp: (reason) => {
          this.lifecycle.moveTo("FAILED", reason.message);
          onFatal(reason);
        },
      },
    });
  }

  #createModel(servable: Servable, session: SessionLanes, imagePool: ImagePool): LoadedModel {
    const { settings } = this.#options;
    const metrics = this.#metrics;
    // One batch runs on each lane, one is ready, and the image workers fill the next.
    const rows = (session.count + 1) * servable.maxBatchSize + imagePool.concurrency;
    const batching = createTunedBatching({
      servable,
      session,
      settings,
      metrics,
      lanes: session.count,
      imageWorkers: imagePool.concurrency,
      imageMs: () => this.#imageWorkTime.perImageMs,
    });
    this.#batching = batching;
    const predictor = new Predictor({
      servable,
      scheduler: batching.scheduler,
      imagePool,
      rowPermits: new FairPermits(rows),
      rowSlots: servable.rowBytes === undefined ? [] : rowSlots(rows, servable.rowBytes),
      stageEnded: (stage, ms) => metrics.stageEnded(stage, ms),
    });
    return { servable, predictor, tuning: batching.tuning };
  }
}
