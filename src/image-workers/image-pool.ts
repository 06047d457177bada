import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { ServingError } from "../errors.ts";
import type { PreprocessSpec } from "../image/preprocess-spec.ts";
import type { ArrayFormat } from "../tensor/array-format.ts";
import type { Tensors } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import type { PreprocessedImage, PreprocessTask, RenderTask, TaskOutcome } from "./image-task.ts";

const ENTRY = new URL("./image-worker.cjs", import.meta.url);

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
  /** A worker had to be replaced. */
  readonly onRestart?: () => void;
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
   * Decodes an image, or reads the raw array that `array` says the bytes are, and makes it a row of the model's
   * input. The bytes stay the caller's.
   *
   * @throws {ServingError} INVALID_ARGUMENT when an array is not of the model's bands, or the model takes arrays alone;
   * INVALID_IMAGE, UNSUPPORTED_FORMAT, IMAGE_TOO_LARGE as the decoder says; INVALID_IMAGE when it takes longer than `imageTimeoutMs` or ends its worker, twice.
   */
  preprocess(bytes: Uint8Array, spec: PreprocessSpec, array?: ArrayFormat): Promise<PreprocessedImage> {
    const { maxImagePixels } = this.#options;
    const task = { kind: "preprocess", bytes, spec, maxImagePixels } as const;
    return this.#run<PreprocessedImage>(array === undefined ? task : { ...task, array });
  }

  /**
   * Renders an answer whose work grows with the pixels.
   *
   * @throws {ServingError} what `renderSignature` throws.
   */
  render(task: Omit<RenderTask, "kind">): Promise<Value> {
    return this.#run<Value>({
      kind: "render",
      ...task,
      result: { ...task.result, outputs: compact(task.result.outputs) },
    });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** A task whose worker ended is tried once more, then given up. */
  async #run<Result>(task: PreprocessTask | RenderTask): Promise<Result> {
    try {
      return await this.#runOnce<Result>(task);
    } catch (error) {
      if (!this.#isLostWorker(error)) throw error;
    }
    try {
      return await this.#runOnce<Result>(task);
    } catch (error) {
      if (!this.#isLostWorker(error)) throw error;
      const limit = `${this.#options.imageTimeoutMs} ms`;
      throw new ServingError("INVALID_IMAGE", `the image could not be processed within ${limit}`, {
        cause: error,
      });
    }
  }

  /** Piscina ends the worker of an aborted task, and rejects the task of a worker that ended. */
  #isLostWorker(error: unknown): boolean {
    const { name, message } = error as Error;
    const isLost = name === "AbortError" || /worker exited|terminating worker/i.test(message);
    if (isLost) this.#options.onRestart?.();
    return isLost;
  }

  async #runOnce<Result>(task: PreprocessTask | RenderTask): Promise<Result> {
    await this.#takeWorker();
    try {
      const signal = AbortSignal.timeout(this.#options.imageTimeoutMs);
      const outcome: TaskOutcome<Result> = await this.#pool.run(task, { signal });
      if ("result" in outcome) return outcome.result;
      throw new ServingError(outcome.error.code, outcome.error.message);
    } finally {
      this.#giveWorkerBack();
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

/** Copies each row out of its batch's memory: cloning a view would clone the whole batch. */
function compact(outputs: Tensors): Tensors {
  const entries = Object.entries(outputs).map(([name, tensor]) => [
    name,
    { ...tensor, data: tensor.data.slice() },
  ]);
  return Object.fromEntries(entries);
}
