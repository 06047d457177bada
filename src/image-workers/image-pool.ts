import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { HandlerError, ServingError } from "../errors.ts";
import type { PreprocessSpec } from "../image/preprocess-spec.ts";
import type { RowResult } from "../signature/render-signature.ts";
import type { TensorStep } from "../signature/tensor-step.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import type {
  EncodedImage,
  ImageHooks,
  ImageTask,
  PostprocessTask,
  PreprocessedImage,
  RenderTask,
  TaskError,
  TaskOutcome,
} from "./image-task.ts";
import type { HookName } from "./load-handler.ts";

const ENTRY = new URL("./image-worker.cjs", import.meta.url);

const LOAD_TIMEOUT_MS = 60_000;

export interface ImagePoolOptions {
  /** Worker threads. Minimum: 1. */
  readonly workers: number;
  /** Largest image, read from its header before anything is allocated. */
  readonly maxImagePixels: number;
  /**
   * Longest time for one image, from when a worker takes it; the worker is then replaced, since native code
   * can't be interrupted.
   */
  readonly imageTimeoutMs: number;
  /**
   * Longest time for a worker to load a handler; its own start counts.
   *
   * @default 60000
   */
  readonly loadTimeoutMs?: number;
  /** A worker had to be replaced. */
  readonly onRestart?: () => void;
  /** A worker was in use for so long; its wait for a turn is not counted. */
  readonly onTaskEnded?: (kind: ImageTask["kind"], milliseconds: number) => void;
  /**
   * The workers' program.
   *
   * @default image-worker
   */
  readonly entry?: URL;
}

/** The threads that decode, preprocess and render, so that the event loop never does. */
export class ImagePool {
  readonly #pool: Piscina;
  readonly #options: ImagePoolOptions;
  /** Tasks that wait for a worker, in order. */
  readonly #waiting: (() => void)[] = [];
  #idleWorkers: number;

  constructor(options: ImagePoolOptions) {
    this.#options = options;
    this.#idleWorkers = options.workers;
    this.#pool = new Piscina({
      filename: fileURLToPath(options.entry ?? ENTRY),
      minThreads: options.workers,
      maxThreads: options.workers,
    });
  }

  /** Images that can be in work at once; more wait. Piscina gives a task that can be aborted a worker of its own. */
  get concurrency(): number {
    return this.#options.workers;
  }

  /**
   * Decodes an image, by way of a handler's hooks if there are, or reads the raw array that `array` says the bytes are,
   * and makes it a row of the model's input. The bytes stay the caller's.
   *
   * @throws {ServingError} INVALID_ARGUMENT when an array is not of the model's bands, or the model takes arrays alone, or
   * none; INVALID_IMAGE, UNSUPPORTED_FORMAT, IMAGE_TOO_LARGE as the decoder says; INVALID_IMAGE when it takes longer than
   * `imageTimeoutMs` or ends its worker, twice; what a hook throws.
   * @throws {HandlerError} instead of INVALID_IMAGE where there are hooks.
   */
  preprocess(image: EncodedImage, spec: PreprocessSpec, hooks?: ImageHooks): Promise<PreprocessedImage> {
    const { maxImagePixels, imageTimeoutMs } = this.#options;
    const task = { kind: "preprocess", ...image, spec, maxImagePixels } as const;
    if (hooks === undefined) return this.#run<PreprocessedImage>(task);
    return this.#run<PreprocessedImage>(
      { ...task, hooks },
      (cause) =>
        new HandlerError(`handler.mjs, or the decoder, did not end within ${imageTimeoutMs} ms`, cause),
    );
  }

  /**
   * Renders an answer whose work grows with the pixels.
   *
   * @throws {ServingError} what `renderSignature` throws.
   */
  render(task: Omit<RenderTask, "kind">): Promise<Value> {
    return this.#run<Value>({ kind: "render", ...task, result: compact(task.result) });
  }

  /**
   * Has a handler make an answer of a row of outputs.
   *
   * @throws {ServingError} what the hook throws.
   * @throws {HandlerError} when it takes longer than `imageTimeoutMs` or ends its worker, twice.
   */
  postprocess(task: Omit<PostprocessTask, "kind">): Promise<Value> {
    const { imageTimeoutMs } = this.#options;
    return this.#run<Value>(
      { kind: "postprocess", ...task, result: compact(task.result) },
      (cause) => new HandlerError(`handler.mjs did not end postprocess within ${imageTimeoutMs} ms`, cause),
    );
  }

  /** Does with a large tensor what stands between two models. */
  tensorStep(step: TensorStep, tensor: Tensor): Promise<Tensor> {
    const own = { ...tensor, data: tensor.data.slice() };
    return this.#run<Tensor>({ kind: "tensor_step", step, tensor: own });
  }

  /**
   * Has the workers load a handler, so that images need not wait for it later.
   *
   * @returns the names of its hooks
   * @throws {HandlerError} what `loadHandler` throws, and when it takes longer than `loadTimeoutMs`, twice.
   */
  async loadHandler(url: string): Promise<readonly HookName[]> {
    const { workers, loadTimeoutMs = LOAD_TIMEOUT_MS } = this.#options;
    const giveUp = (cause: unknown) =>
      new HandlerError(`does not load within ${loadTimeoutMs} ms: let it do less when it is imported`, cause);
    const load = () => this.#run<readonly HookName[]>({ kind: "load_handler", url }, giveUp, loadTimeoutMs);
    const [hooks = []] = await Promise.all(Array.from({ length: workers }, load));
    return hooks;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** A task whose worker ended is tried once more, then given up. */
  async #run<Result>(
    task: ImageTask,
    giveUp = this.#giveImageUp,
    timeoutMs = this.#options.imageTimeoutMs,
  ): Promise<Result> {
    try {
      return await this.#runOnce<Result>(task, timeoutMs);
    } catch (error) {
      if (!this.#isLostWorker(error)) throw error;
    }
    try {
      // The lost thread may yet write into the slot.
      const again = task.kind === "preprocess" ? { ...task, slot: undefined } : task;
      return await this.#runOnce<Result>(again, timeoutMs);
    } catch (error) {
      throw this.#isLostWorker(error) ? giveUp(error) : error;
    }
  }

  readonly #giveImageUp = (cause: unknown): ServingError => {
    const limit = `${this.#options.imageTimeoutMs} ms`;
    return new ServingError("INVALID_IMAGE", `the image could not be processed within ${limit}`, { cause });
  };

  /** Piscina ends the worker of an aborted task, and rejects the task of a worker that ended. */
  #isLostWorker(error: unknown): boolean {
    const { name, message } = error as Error;
    const isLost = name === "AbortError" || /worker exited|terminating worker/i.test(message);
    if (isLost) this.#options.onRestart?.();
    return isLost;
  }

  async #runOnce<Result>(task: ImageTask, timeoutMs: number): Promise<Result> {
    await this.#takeWorker();
    const startMs = performance.now();
    // AbortSignal.timeout costs 0.03 ms a task.
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    try {
      const outcome: TaskOutcome<Result> = await this.#pool.run(task, { signal: controller.signal });
      if ("result" in outcome) return outcome.result;
      throw toError(outcome.error);
    } finally {
      clearTimeout(timer);
      this.#giveWorkerBack();
      this.#options.onTaskEnded?.(task.kind, performance.now() - startMs);
    }
  }

  /** The wait is here and not in Piscina's queue, where the image's time would run out already. */
  async #takeWorker(): Promise<void> {
    if (this.#idleWorkers > 0) this.#idleWorkers -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #giveWorkerBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idleWorkers += 1;
    else next();
  }
}

function toError({ code, message, thrown }: TaskError): ServingError {
  if (thrown === undefined) return new ServingError(code, message);
  const cause = new Error(thrown.message);
  cause.stack = thrown.stack;
  return new HandlerError(message, cause);
}

/** Copies each row out of its batch's memory: cloning a view would clone the whole batch. */
function compact({ outputs, ...result }: RowResult): RowResult {
  const entries = Object.entries(outputs).map(([name, tensor]) => [
    name,
    { ...tensor, data: tensor.data.slice() },
  ]);
  return { ...result, outputs: Object.fromEntries(entries) };
}
