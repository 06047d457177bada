import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, Server as NetServer } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import { BatchScheduler } from "./batching/batch-scheduler.ts";
import { FairPermits } from "./batching/fair-permits.ts";
import type { Settings } from "./config/settings.ts";
import { StartupError } from "./errors.ts";
import { Admission } from "./http/admission.ts";
import { createApp } from "./http/app.ts";
import { answerClientError } from "./http/client-error.ts";
import { loadJsonParser } from "./http/parse-json-text.ts";
import type { LoadedModel } from "./http/serving-api.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Logger } from "./observability/logger.ts";
import { Metrics } from "./observability/metrics.ts";
import { Predictor } from "./predictor.ts";
import type { Work } from "./request-flow.ts";
import type { RowOutcome, Session } from "./runtime/session.ts";
import { SupervisedSession } from "./runtime/supervised-session.ts";
import { WorkerSession } from "./runtime/worker-session.ts";
import type { Servable } from "./servable.ts";

export interface ServerOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** CPUs to plan threads for. */
  readonly cpus: number;
  /** Called once when the server can't go on: its process should end. */
  readonly onFatal: (error: Error) => void;
  /**
   * Starts the session of a model file.
   *
   * @default a worker thread with ONNX Runtime, replaced when it dies
   */
  readonly startSession?: (modelPath: string) => Promise<Session>;
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
  #scheduler: BatchScheduler<Work, RowOutcome> | undefined;
  #session: Session | undefined;
  #model: LoadedModel | undefined;
  #openAnswers = 0;

  constructor(options: ServerOptions) {
    const { settings, logger } = options;
    this.#options = options;
    this.#admission = new Admission(settings);
    this.#metrics = new Metrics(settings, {
      queuedRows: () => this.#scheduler?.waitingRows ?? 0,
      inflightRequests: () => this.#admission.inflightRequests,
      inflightInstances: () => this.#admission.inflightInstances,
      inflightBytes: () => this.#admission.inflightBytes,
      ready: () => this.lifecycle.state === "READY",
    });
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
    const { settings, logger, startSession } = this.#options;
    const imagePool = await this.#startImagePool();
    const { loadServable } = await import("./load-servable.ts");
    const jsonParser = loadJsonParser();
    const { servable, session } = await loadServable({
      settings,
      imagePool,
      startSession: startSession ?? ((modelPath) => this.#startWorker(modelPath)),
    });
    await jsonParser;
    this.#session = session;
    this.#model = { servable, predictor: this.#createPredictor(servable, session, imagePool) };
    const { name, version, sha256, info } = servable;
    this.#metrics.modelLoaded({ name, version: String(version), sha256, provider: info.provider });
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
    await Promise.all([this.#session?.close(), this.#imagePool?.close()]);
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
      onRestart: () => this.#metrics.workerRestarted("image"),
    });
    return this.#imagePool;
  }

  #startWorker(modelPath: string): Promise<Session> {
    const { settings, cpus, logger, onFatal } = this.#options;
    const intraOpThreads = settings.intraOpThreads ?? cpus;
    return SupervisedSession.start({
      start: (onExit) => WorkerSession.start({ modelPath, device: settings.device, intraOpThreads, onExit }),
      observer: {
        lost: () => {
          this.lifecycle.moveTo("LOADING");
          this.#metrics.workerRestarted("inference");
          logger.error("the inference worker died; starting another");
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

  #createPredictor(servable: Servable, session: Session, imagePool: ImagePool): Predictor {
    const { fixedBatchSize } = servable.batching;
    const metrics = this.#metrics;
    const scheduler = new BatchScheduler<Work, RowOutcome>({
      maxBatchSize: () => servable.maxBatchSize,
      batchTimeoutMicros: this.#options.settings.batchTimeoutMicros,
      lanes: 1,
      runBatch: async (batch) => {
        const { rows, computeInferMs } = await runBatch(session, batch, fixedBatchSize);
        metrics.stageEnded("compute_infer", computeInferMs);
        return rows;
      },
      observer: {
        batchClosed: ({ rows, queueMs }) => {
          metrics.batchClosed(rows);
          for (const ms of queueMs) metrics.stageEnded("queue", ms);
        },
      },
    });
    this.#scheduler = scheduler;
    return new Predictor({
      servable,
      scheduler,
      imagePool,
      // One batch runs, one is ready, and the image workers fill the next.
      rowPermits: new FairPermits(2 * servable.maxBatchSize + imagePool.concurrency),
      stageEnded: (stage, ms) => metrics.stageEnded(stage, ms),
    });
  }
}

/** The scheduler puts rows only with rows, and other feeds alone. */
function runBatch(session: Session, batch: readonly Work[], fixedBatchSize: number | undefined) {
  const [first] = batch;
  if (first?.kind === "whole") return session.run({ kind: "whole", feeds: first.feeds });
  const rows = batch.flatMap((work) => (work.kind === "row" ? [work.row] : []));
  return session.run({ kind: "rows", rows, batchSize: fixedBatchSize ?? rows.length });
}
