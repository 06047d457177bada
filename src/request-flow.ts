import type { EndedRow, Task } from "./batching/batch-scheduler.ts";
import { type CustomCode, labelsOf } from "./custom-code.ts";
import { ServingError } from "./errors.ts";
import type { PreprocessSpec } from "./image/preprocess-spec.ts";
import type { Raster, Size } from "./image/raster.ts";
import type { EncodedImage, PreprocessedImage } from "./image-workers/image-task.ts";
import { atInstance, isInstanceError, runError, withKey } from "./instance-error.ts";
import type { PredictAnswer, PredictOptions } from "./predictor.ts";
import type { Instance, PredictRequest } from "./protocol/predict-request.ts";
import { tfsPredictions } from "./protocol/tfs-outputs.ts";
import type { Prediction } from "./protocol/write-predictions.ts";
import type { RequestParts, Work } from "./request-parts.ts";
import type { RowOutcome } from "./runtime/session.ts";
import type { Servable } from "./servable.ts";
import type { SignatureName } from "./signature/head.ts";
import { isHeavy, type RowResult, renderSignature } from "./signature/render-signature.ts";
import { addBatchAxis, dropBatchAxis, mergeColumns, rowCount, splitColumns } from "./tensor/columns.ts";
import { rowGroup } from "./tensor/row-group.ts";
import type { Tensors } from "./tensor/tensor.ts";
import type { Value } from "./tensor/value.ts";

/** What became of an instance's row, and the image that it came from. */
interface Ran {
  readonly outcome: RowOutcome;
  readonly origin?: RowResult["origin"];
  readonly pixels?: Raster | undefined;
}

/** What a model that is a part of a composed one is given. */
export type PartInput =
  | { readonly kind: "image"; readonly image: EncodedImage }
  | { readonly kind: "row"; readonly row: Tensors };

/** What it makes of it. */
export interface PartOutput {
  /** Without the batch dimension. */
  readonly outputs: Tensors;
  /** The signatures that were asked for. */
  readonly rendered: Readonly<Partial<Record<SignatureName, Value>>>;
  /** The size of the image, after all edits. */
  readonly source?: Size | undefined;
  /** Where the image's were asked for. */
  readonly pixels?: Raster | undefined;
}

type UseRan<Result> = (ran: Ran) => Result | Promise<Result>;

/** Makes the groups of feeds that share a batch with nothing unlike each other. */
let wholeFeeds = 0;

/** The way of one request through the stages. */
export class RequestFlow {
  readonly #parts: RequestParts;
  readonly #options: PredictOptions;
  readonly #task: Task<Work, RowOutcome>;
  /** As the request has them, for a handler. */
  #parameters: PredictRequest["parameters"];

  constructor(parts: RequestParts, options: PredictOptions, parameters: PredictRequest["parameters"] = {}) {
    this.#parts = parts;
    this.#options = options;
    this.#parameters = parameters;
    const { signal, stages } = options;
    const onRowEnded = stages && ((row: EndedRow) => stages.rowEnded(row));
    this.#task = parts.scheduler.openTask({ ...options, onRowEnded });
    const { decodeMemory, rowPermits, workerPermits } = parts;
    const leave = () => {
      for (const shared of [decodeMemory, rowPermits, workerPermits])
        shared.cancel(this.#task, signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
  }

  async answer({ inputs, parameters, mergesOutputs }: PredictRequest): Promise<PredictAnswer> {
    this.#parameters = parameters;
    if (inputs.kind === "tensors") return this.#answerColumns(inputs.tensors);
    if (mergesOutputs && this.#options.signature === "serving_default")
      return this.#answerMerged(inputs.instances);
    const { batching, preprocess } = this.#parts.servable;
    if (batching.kind === "whole" && preprocess === undefined) return this.#answerStacked(inputs.instances);
    // Plain rows are all in the queue when this line ends, so they leave it together.
    const predictions = inputs.instances.map((instance, i) => this.predictOne(instance, i));
    return { kind: "predictions", predictions: await Promise.all(predictions) };
  }

  /**
   * Runs one instance, and renders what becomes of it in each of the signatures.
   *
   * @returns the error that is the instance's own instead, where there is one
   * @throws {ServingError} what fails the whole request.
   */
  async runPart(
    input: PartInput,
    signatures: readonly SignatureName[],
  ): Promise<PartOutput | { readonly error: ServingError }> {
    const use = async ({ outcome, origin, pixels }: Ran) => {
      if ("error" in outcome) return { error: runError(outcome.error) };
      const { outputs } = outcome;
      const result = origin === undefined ? { outputs } : { outputs, origin };
      const values = signatures.map(async (name) => [name, await this.#render(result, name)] as const);
      const rendered = Object.fromEntries(await Promise.all(values));
      return { outputs, rendered, source: origin?.source, pixels };
    };
    try {
      if (input.kind === "image") return await this.#runImage(input.image, use);
      return await use({ outcome: await this.#runRow(input.row) });
    } catch (error) {
      if (isInstanceError(error)) return { error };
      throw error;
    }
  }

  /** Shapes: each input `[n, ...S]` → rows where they can be batched, else one run of them as they are. */
  async #answerColumns(columns: Tensors): Promise<PredictAnswer> {
    const count = this.#parts.servable.batching.kind === "rows" ? rowCount(columns) : undefined;
    if (!count) return { kind: "outputs", outputs: await this.#runWhole(columns) };
    const outcomes = await Promise.all(
      splitColumns(columns, count).map((row) => this.#runRow(row).finally(this.#options.rowEnded)),
    );
    if (this.#options.signature === "serving_default") {
      return { kind: "outputs", outputs: this.#merge(outcomes.map(requireOutputs)) };
    }
    const values = outcomes.map((outcome) => this.#render({ outputs: requireOutputs(outcome) }));
    return { kind: "predictions", predictions: (await Promise.all(values)).map((value) => ({ value })) };
  }

  /** Shapes: n instances → outputs `[n, ...S]`. */
  async #answerMerged(instances: readonly Instance[]): Promise<PredictAnswer> {
    const rows = instances.map(async (instance, i) => {
      try {
        return await this.#run(instance, ({ outcome }) => requireOutputs(outcome));
      } catch (error) {
        throw error instanceof ServingError ? atInstance(error, i) : error;
      } finally {
        this.#options.rowEnded();
      }
    });
    const outputs = await Promise.all(rows);
    const [group] = outputs.map(rowGroup);
    if (!outputs.every((row) => rowGroup(row) === group)) {
      const text = "the outputs differ in shape, so that they are no tensor: send images of one size";
      throw new ServingError("INVALID_ARGUMENT", text);
    }
    return { kind: "outputs", outputs: this.#merge(outputs) };
  }

  #merge(rows: readonly Tensors[]): Tensors {
    const startMs = performance.now();
    const outputs = mergeColumns(rows);
    this.#options.stages?.outputReady(startMs);
    return outputs;
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

  /**
   * Answers one instance.
   *
   * @param deadlineMs where it is not the request's
   * @throws {ServingError} what is not the instance's own fault.
   */
  async predictOne(instance: Instance, index: number, deadlineMs?: number): Promise<Prediction> {
    try {
      const prediction = await this.#run(instance, (ran) => this.#toPrediction(ran), deadlineMs);
      if ("value" in prediction) return withKey(prediction, instance);
      return withKey({ error: atInstance(prediction.error, index) }, instance);
    } catch (error) {
      if (isInstanceError(error)) return withKey({ error: atInstance(error, index) }, instance);
      throw error;
    } finally {
      this.#options.rowEnded();
    }
  }

  /**
   * @param use what is made of the outcome; an image's place in memory is held until then
   * @throws {ServingError} what is wrong with the instance.
   */
  async #run<Result>(instance: Instance, use: UseRan<Result>, deadlineMs?: number): Promise<Result> {
    switch (instance.kind) {
      case "bad":
        throw instance.error;
      case "row":
        return use({ outcome: await this.#runRow(instance.row, deadlineMs) });
      case "image":
        return this.#runImage({ bytes: instance.bytes, array: instance.array }, use, deadlineMs);
    }
  }

  async #runImage<Result>(source: EncodedImage, use: UseRan<Result>, deadlineMs?: number): Promise<Result> {
    const { servable, decodeMemory, rowPermits, rowSlots } = this.#parts;
    const { preprocess, modelInputs } = servable;
    if (preprocess === undefined || modelInputs.imageInput === undefined) {
      throw new ServingError("INVALID_ARGUMENT", "this model takes tensors, not images");
    }
    const startMs = performance.now();
    const memory = await decodeMemory.take(this.#task, source, preprocess);
    let permit: number | undefined;
    try {
      permit = await rowPermits.acquire(this.#task);
      const image = await this.#preprocess({ ...source, slot: rowSlots[permit] }, preprocess);
      memory.free();
      this.#options.stages?.imageReady(startMs, image);
      const outcome = await this.#runRow({ [modelInputs.imageInput]: image.row }, deadlineMs);
      return await use({ outcome, origin: image.geometry, pixels: image.pixels });
    } finally {
      memory.free();
      // A batch that still runs for a caller who left may read what comes next; nobody sees its answer.
      if (permit !== undefined) rowPermits.release(permit);
    }
  }

  async #preprocess(image: EncodedImage, spec: PreprocessSpec): Promise<PreprocessedImage> {
    const { servable, workerPermits, imagePool, stageEnded } = this.#parts;
    const permit = await workerPermits.acquire(this.#task);
    try {
      this.#options.signal.throwIfAborted();
      const preprocessed = await imagePool.preprocess(image, spec, servable.imageHooks);
      stageEnded("decode", preprocessed.decodeMs);
      stageEnded("preprocess", preprocessed.preprocessMs);
      return preprocessed;
    } finally {
      workerPermits.release(permit);
    }
  }

  async #toPrediction({ outcome, origin }: Ran): Promise<Prediction> {
    if ("error" in outcome) return { error: runError(outcome.error) };
    const startMs = performance.now();
    const value = await this.#render({
      outputs: outcome.outputs,
      ...(origin === undefined ? {} : { origin }),
    });
    this.#parts.stageEnded("compute_output", performance.now() - startMs);
    return { value };
  }

  async #runRow(row: Tensors, deadlineMs?: number): Promise<RowOutcome> {
    const { batching } = this.#parts.servable;
    if (batching.kind === "whole") {
      if (batching.isRow) return { outputs: await this.#runWhole(row, deadlineMs) };
      return { outputs: dropBatchAxis(await this.#runWhole(addBatchAxis(row), deadlineMs)) };
    }
    return this.#task.enqueue({ kind: "row", row }, rowGroup(row), deadlineMs);
  }

  async #runWhole(feeds: Tensors, deadlineMs?: number): Promise<Tensors> {
    wholeFeeds += 1;
    const group = `whole ${wholeFeeds}`;
    return requireOutputs(await this.#task.enqueue({ kind: "whole", feeds }, group, deadlineMs));
  }

  async #render(result: RowResult, signature: SignatureName = this.#options.signature): Promise<Value> {
    const startMs = performance.now();
    const value = await this.#valueOf(result, signature);
    this.#options.stages?.outputReady(startMs);
    return value;
  }

  async #valueOf(result: RowResult, signature: SignatureName): Promise<Value> {
    const { parameters } = this.#options;
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

function requireCustom({ custom }: Servable): CustomCode {
  if (custom !== undefined) return custom;
  throw new ServingError("INTERNAL", "signature custom is offered without a handler; this is a bug");
}

function requireOutputs(outcome: RowOutcome): Tensors {
  if ("outputs" in outcome) return outcome.outputs;
  throw runError(outcome.error);
}
