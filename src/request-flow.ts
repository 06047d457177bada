import type { BatchScheduler, Task } from "./batching/batch-scheduler.ts";
import type { FairPermits } from "./batching/fair-permits.ts";
import { type CustomCode, labelsOf } from "./custom-code.ts";
import { type ErrorCode, HandlerError, ServingError } from "./errors.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import type { Stage } from "./observability/metrics.ts";
import type { PredictAnswer, PredictOptions } from "./predictor.ts";
import type { ImageSource, Instance, PredictRequest } from "./protocol/predict-request.ts";
import { tfsPredictions } from "./protocol/tfs-outputs.ts";
import type { Prediction } from "./protocol/write-predictions.ts";
import type { RowOutcome } from "./runtime/session.ts";
import type { Servable } from "./servable.ts";
import { isHeavy, type RowResult, renderSignature } from "./signature/render-signature.ts";
import { addBatchAxis, dropBatchAxis, mergeColumns, rowCount, splitColumns } from "./tensor/columns.ts";
import type { RowSlot } from "./tensor/row-slots.ts";
import type { Tensors } from "./tensor/tensor.ts";
import type { Value } from "./tensor/value.ts";

/** What the scheduler holds: a row to merge with others, or tensors to feed as they are, alone. */
export type Work =
  | { readonly kind: "row"; readonly row: Tensors }
  | { readonly kind: "whole"; readonly feeds: Tensors };

/** What all requests share. */
export interface RequestParts {
  readonly servable: Servable;
  readonly scheduler: BatchScheduler<Work, RowOutcome>;
  readonly imagePool: ImagePool;
  /** Bounds the rows between the decoder and the answer: each is hundreds of kilobytes. */
  readonly rowPermits: FairPermits;
  /** For each permit, where its row is written; none where rows have no common size. */
  readonly rowSlots: readonly RowSlot[];
  readonly stageEnded: (stage: Stage, milliseconds: number) => void;
}

/** Errors that are one instance's own: the others are answered as if it were not there. */
const INSTANCE_ERRORS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "INVALID_ARGUMENT",
  "INVALID_BASE64",
  "INVALID_IMAGE",
  "UNSUPPORTED_FORMAT",
  "IMAGE_TOO_LARGE",
]);

/** Makes the groups of feeds that share a batch with nothing unlike each other. */
let wholeFeeds = 0;

/** The way of one request through the stages. */
export class RequestFlow {
  readonly #parts: RequestParts;
  readonly #options: PredictOptions;
  readonly #task: Task<Work, RowOutcome>;
  /** As the request has them, for a handler. */
  #parameters: PredictRequest["parameters"] = {};

  constructor(parts: RequestParts, options: PredictOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#task = parts.scheduler.openTask(options);
    const { signal } = options;
    signal.addEventListener("abort", () => parts.rowPermits.cancel(this.#task, signal.reason), {
      once: true,
    });
  }

  async answer({ inputs, parameters }: PredictRequest): Promise<PredictAnswer> {
    this.#parameters = parameters;
    if (inputs.kind === "tensors") return this.#answerColumns(inputs.tensors);
    const { batching, preprocess } = this.#parts.servable;
    if (batching.kind === "whole" && preprocess === undefined) return this.#answerStacked(inputs.instances);
    // Plain rows are all in the queue when this line ends, so they leave it together.
    const predictions = inputs.instances.map((instance, i) => this.#predictOne(instance, i));
    return { kind: "predictions", predictions: await Promise.all(predictions) };
  }

  /** Shapes: each input `[n, ...S]` → rows where they can be batched, else one run of them as they are. */
  async #answerColumns(columns: Tensors): Promise<PredictAnswer> {
    const count = this.#parts.servable.batching.kind === "rows" ? rowCount(columns) : undefined;
    if (!count) return { kind: "outputs", outputs: await this.#runWhole(columns) };
    const outcomes = await Promise.all(
      splitColumns(columns, count).map((row) => this.#runRow(row).finally(this.#options.rowEnded)),
    );
    if (this.#options.signature === "serving_default") {
      return { kind: "outputs", outputs: mergeColumns(outcomes.map(requireOutputs)) };
    }
    const values = outcomes.map((outcome) => this.#render({ outputs: requireOutputs(outcome) }));
    return { kind: "predictions", predictions: (await Promise.all(values)).map((value) => ({ value })) };
  }

  /** For a model without a batch axis: the request's rows are one tensor, as TensorFlow Serving makes it. */
  async #answerStacked(instances: readonly Instance[]): Promise<PredictAnswer> {
    const rows = instances.flatMap((instance) => (instance.kind === "row" ? [instance.row] : []));
    const values = rows.length === 0 ? [] : tfsPredictions(await this.#runWhole(mergeColumns(rows)));
    if (rows.length === instances.length) {
      return { kind: "predictions", predictions: values.map((value, i) => withKey({ value }, instances[i])) };
    }
    let next = 0;
    const predictions = instances.map((instance, i) => {
      if (instance.kind === "bad") return withKey({ error: instance.error }, instance);
      const value = values[next++];
      if (value === undefined) throw new ServingError("INVALID_ARGUMENT", `the model gives no row ${i}`);
      return withKey({ value }, instance);
    });
    return { kind: "predictions", predictions };
  }

  async #predictOne(instance: Instance, index: number): Promise<Prediction> {
    try {
      const prediction = await this.#predictValue(instance);
      if ("value" in prediction) return withKey(prediction, instance);
      return withKey({ error: atInstance(prediction.error, index) }, instance);
    } catch (error) {
      if (isInstanceError(error)) return withKey({ error: atInstance(error, index) }, instance);
      throw error;
    } finally {
      this.#options.rowEnded();
    }
  }

  async #predictValue(instance: Instance): Promise<Prediction> {
    switch (instance.kind) {
      case "bad":
        return { error: instance.error };
      case "row":
        return this.#toPrediction(await this.#runRow(instance.row));
      case "image":
        return this.#predictImage(instance);
    }
  }

  async #predictImage({ bytes, array }: ImageSource): Promise<Prediction> {
    const { servable, rowPermits, rowSlots, imagePool, stageEnded } = this.#parts;
    const { preprocess, modelInputs } = servable;
    if (preprocess === undefined || modelInputs.imageInput === undefined) {
      throw new ServingError("INVALID_ARGUMENT", "this model takes tensors, not images");
    }
    const permit = await rowPermits.acquire(this.#task);
    try {
      this.#options.signal.throwIfAborted();
      const image = await imagePool.preprocess(
        { bytes, array, slot: rowSlots[permit] },
        preprocess,
        servable.imageHooks,
      );
      stageEnded("decode", image.decodeMs);
      stageEnded("preprocess", image.preprocessMs);
      const outcome = await this.#runRow({ [modelInputs.imageInput]: image.row });
      return await this.#toPrediction(outcome, image.geometry);
    } finally {
      // A batch that still runs for a caller who left may read what comes next; nobody sees its answer.
      rowPermits.release(permit);
    }
  }

  async #toPrediction(outcome: RowOutcome, origin?: RowResult["origin"]): Promise<Prediction> {
    if ("error" in outcome) return { error: runError(outcome.error) };
    const startMs = performance.now();
    const value = await this.#render({
      outputs: outcome.outputs,
      ...(origin === undefined ? {} : { origin }),
    });
    this.#parts.stageEnded("compute_output", performance.now() - startMs);
    return { value };
  }

  async #runRow(row: Tensors): Promise<RowOutcome> {
    const { batching } = this.#parts.servable;
    if (batching.kind === "whole") {
      if (batching.isRow) return { outputs: await this.#runWhole(row) };
      return { outputs: dropBatchAxis(await this.#runWhole(addBatchAxis(row))) };
    }
    return this.#task.enqueue({ kind: "row", row }, groupOf(row));
  }

  async #runWhole(feeds: Tensors): Promise<Tensors> {
    wholeFeeds += 1;
    return requireOutputs(await this.#task.enqueue({ kind: "whole", feeds }, `whole ${wholeFeeds}`));
  }

  async #render(result: RowResult): Promise<Value> {
    const { signature, parameters } = this.#options;
    const { imagePool, servable } = this.#parts;
    const { head } = servable;
    if (signature === "serving_default") return tfsPredictions(addBatchAxis(result.outputs))[0] ?? null;
    if (signature === "custom") {
      const { url } = requireCustom(servable);
      return imagePool.postprocess({ url, result, parameters: this.#parameters, ...labelsOf(head) });
    }
    if (isHeavy(signature, head, result)) {
      return imagePool.render({ signature, head, result, parameters });
    }
    return renderSignature(signature, head, result, parameters);
  }
}

function isInstanceError(error: unknown): error is ServingError {
  return error instanceof HandlerError || (error instanceof ServingError && INSTANCE_ERRORS.has(error.code));
}

/** Rows of equal names, types and shapes can be merged. */
function groupOf(row: Tensors): string {
  return Object.entries(row)
    .map(([name, { dtype, shape }]) => `${name}:${dtype}:${shape.join("x")}`)
    .join(" ");
}

function requireCustom({ custom }: Servable): CustomCode {
  if (custom !== undefined) return custom;
  throw new ServingError("INTERNAL", "signature custom is offered without a handler; this is a bug");
}

function requireOutputs(outcome: RowOutcome): Tensors {
  if ("outputs" in outcome) return outcome.outputs;
  throw runError(outcome.error);
}

/** ONNX Runtime's words may hold places in its sources: they go to the log, not to the caller. */
function runError(reason: string): ServingError {
  return new ServingError("INFERENCE_FAILED", "the model could not run on this input", {
    cause: new Error(reason),
  });
}

function atInstance(error: ServingError, index: number): ServingError {
  if (error.instance !== undefined) return error;
  return new ServingError(error.code, `instances[${index}]: ${error.message}`, {
    instance: index,
    cause: error.cause,
  });
}

function withKey(prediction: Prediction, instance: Instance | undefined): Prediction {
  return instance?.key === undefined ? prediction : { ...prediction, key: instance.key };
}
