import type { Classifications } from "../../signature/classifications.ts";
import { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { type ModelSpec, readModelSpec } from "./model-spec.ts";

/** A `tensorflow.serving.ClassificationRequest` or `RegressionRequest`, which are alike. */
export interface ExampleMessage {
  readonly spec: ModelSpec | undefined;
  readonly input: MessageReader | undefined;
}

/**
 * Returns what a message says, its examples still as they came.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it can't be read.
 * @see tensorflow/serving `apis/classification.proto`, `apis/regression.proto`
 */
export function readExampleMessage(bytes: Buffer): ExampleMessage {
  const reader = new MessageReader(bytes);
  let spec: ModelSpec | undefined;
  let input: MessageReader | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) spec = readModelSpec(reader.message());
    else if (field === 2) input = reader.message();
  }
  return { spec, input };
}

/** Returns a `tensorflow.serving.ClassificationResponse`. Order: that of the examples, and of the model's classes. */
export function writeClassifications(modelSpec: MessageWriter, results: readonly Classifications[]): Buffer {
  const result = new MessageWriter();
  for (const { labels, scores } of results) {
    const classes = new MessageWriter();
    for (const [i, score] of scores.entries()) {
      classes.message(1, new MessageWriter().text(1, labels[i] ?? "").float(2, score));
    }
    result.message(1, classes);
  }
  return new MessageWriter().message(1, result).message(2, modelSpec).finish();
}

/** Returns a `tensorflow.serving.RegressionResponse`. Order: that of the examples. */
export function writeRegressions(modelSpec: MessageWriter, results: readonly number[]): Buffer {
  const result = new MessageWriter();
  for (const value of results) result.message(1, new MessageWriter().float(1, value));
  return new MessageWriter().message(1, result).message(2, modelSpec).finish();
}
