import { ServingError } from "../errors.ts";
import { atInstance, isInstanceError, withKey } from "../instance-error.ts";
import { type InstanceFlow, type PredictAnswer, type PredictOptions, untilAborted } from "../predictor.ts";
import type { Instance, PredictRequest } from "../protocol/predict-request.ts";
import type { Prediction } from "../protocol/write-predictions.ts";
import { mergeColumns } from "../tensor/columns.ts";
import { isTensor, type Tensors } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { ComposedFlow, type ComposedParts } from "./composed-flow.ts";

/** From a request's images to what several linked models say of them. */
export class ComposedPredictor {
  readonly #parts: ComposedParts;

  constructor(parts: ComposedParts) {
    this.#parts = parts;
  }

  /**
   * Answers a request.
   *
   * Order: prediction i belongs to instance i. An image that can't be decoded, or one of whose crops can't be run, becomes
   * an error in its place; whatever else goes wrong is the request's.
   *
   * @throws {ServingError} the signal's reason when aborted; INFERENCE_FAILED when a model's worker died;
   * INVALID_ARGUMENT when the request holds tensors, or wants tensors of what is none.
   */
  async predict(request: PredictRequest, options: PredictOptions): Promise<PredictAnswer> {
    const { inputs } = request;
    if (inputs.kind === "tensors") throw imagesWanted();
    const holds = [...this.#parts.models.values()].map(({ forecast }) => forecast.hold?.());
    try {
      return await this.#answer(request, inputs.instances, options);
    } finally {
      for (const letGo of holds) letGo?.();
    }
  }

  /** Opens a stream of images, each with a deadline of its own, which whoever opened it keeps. */
  openFlow(options: Omit<PredictOptions, "deadlineMs">): InstanceFlow {
    const flow = new ComposedFlow(this.#parts, { ...options, deadlineMs: Number.POSITIVE_INFINITY });
    return {
      predictOne: (instance, index) => answerOne(flow, instance, index).finally(options.rowEnded),
    };
  }

  #answer(
    request: PredictRequest,
    instances: readonly Instance[],
    options: PredictOptions,
  ): Promise<PredictAnswer> {
    return untilAborted(options.signal, async (signal) => {
      const flow = new ComposedFlow(this.#parts, { ...options, signal });
      const answers = instances.map((instance, i) => answerOne(flow, instance, i).finally(options.rowEnded));
      const predictions = await Promise.all(answers);
      if (request.mergesOutputs) return { kind: "outputs", outputs: merge(predictions) };
      return { kind: "predictions", predictions };
    });
  }
}

async function answerOne(flow: ComposedFlow, instance: Instance, index: number): Promise<Prediction> {
  try {
    const answer = await answerInstance(flow, instance);
    return withKey("error" in answer ? { error: atInstance(answer.error, index) } : answer, instance);
  } catch (error) {
    if (isInstanceError(error)) return withKey({ error: atInstance(error, index) }, instance);
    throw error;
  }
}

async function answerInstance(flow: ComposedFlow, instance: Instance): Promise<Prediction> {
  if (instance.kind === "bad") return { error: instance.error };
  if (instance.kind === "row") return { error: imagesWanted() };
  const { bytes, array } = instance;
  return flow.answer({ bytes, array });
}

/** Shapes: `[...S]` of each → `[n, ...S]`. */
function merge(predictions: readonly Prediction[]): Tensors {
  const rows = predictions.map((prediction) => {
    if ("error" in prediction) throw prediction.error;
    const entries = Object.entries(prediction.value as Readonly<Record<string, Value>>);
    return Object.fromEntries(entries.map(([name, value]) => [name, requireTensor(name, value)]));
  });
  const shapes = rows.map((row) => JSON.stringify(Object.values(row).map(({ shape }) => shape)));
  if (shapes.some((shape) => shape !== shapes[0])) {
    throw new ServingError("INVALID_ARGUMENT", "the outputs differ in shape, so that they are no tensor");
  }
  return mergeColumns(rows);
}

function requireTensor(name: string, value: Value): Tensors[string] {
  if (isTensor(value)) return value;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `output "${name}" of the composed model is no tensor: ask for JSON (POST /v1/models/<name>:predict)`,
  );
}

function imagesWanted(): ServingError {
  return new ServingError("INVALID_ARGUMENT", "a composed model takes images, not tensors");
}
