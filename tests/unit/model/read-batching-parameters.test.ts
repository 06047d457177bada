import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readBatchingParameters } from "../../../src/model/read-batching-parameters.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const BOUNDS = {
  maxBatchSize: 4096,
  batchTimeoutMicros: 60_000_000,
  inferenceLanes: 256,
  maxEnqueuedInstances: 1_000_000,
};

const read = (text: string) =>
  readBatchingParameters(join(temporaryModelFolder({ "batching.txt": text }), "batching.txt"), BOUNDS);

function refused(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message.replace(/^.*batching\.txt: /, "");
  }
  throw new Error("it was read");
}

describe("readBatchingParameters", () => {
  test("reads the file of TensorFlow Serving's documentation", () => {
    const text = `
      max_batch_size { value: 128 }
      batch_timeout_micros { value: 0 }
      max_enqueued_batches { value: 1000000 }
      num_batch_threads { value: 8 }`;
    expect(read(text)).toEqual({
      maxBatchSize: 128,
      batchTimeoutMicros: 0,
      inferenceLanes: 8,
      maxEnqueuedInstances: 1_000_000,
    });
  });

  test("counts max_enqueued_batches in instances", () => {
    const text = "max_batch_size { value: 16 } max_enqueued_batches { value: 10 }";
    expect(read(text).maxEnqueuedInstances).toBe(160);
  });

  test("takes the largest run for the batch size where requests are split", () => {
    const text = `max_batch_size { value: 100000 } max_execution_batch_size { value: 8 }
      enable_large_batch_splitting { value: true } allowed_batch_sizes: 2 allowed_batch_sizes: 8`;
    expect(read(text)).toEqual({ maxBatchSize: 8, allowedBatchSizes: [2, 8] });
  });

  test.each([
    "",
    "pad_variable_length_inputs: true",
    'thread_pool_name { value: "pool" }',
    "enable_large_batch_splitting { value: true }",
    "enable_large_batch_splitting { }",
  ])("takes %j, without effect", (text) => {
    expect(read(text)).toEqual({});
  });

  test.each([
    [
      "max_batch_size: 8",
      "line 1: max_batch_size must be a message, got a value; write max_batch_size { value ... }",
    ],
    ["max_batch_size { }", "line 1: max_batch_size has no value: write max_batch_size { value: 1 }"],
    [
      "max_batch_size { value: 0 }",
      `line 1: value must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}, got "0"`,
    ],
    ["max_batch_size { value: 5000 }", 'line 1: value must be a whole number from 1 to 4096, got "5000"'],
    ["num_batch_threads { value: 257 }", 'line 1: value must be a whole number from 1 to 256, got "257"'],
    ["\n\nmax_batch { value: 8 }", /^line 3: the key max_batch is not known; known are max_batch_size, /],
    [
      "max_enqueued_batches { value: 8 }",
      "line 1: max_enqueued_batches counts batches of max_batch_size: add max_batch_size",
    ],
    [
      "max_execution_batch_size { value: 8 }",
      "line 1: max_execution_batch_size needs enable_large_batch_splitting { value: true }",
    ],
    [
      "max_batch_size { value: 4 } max_execution_batch_size { value: 8 } enable_large_batch_splitting { value: true }",
      "line 1: max_execution_batch_size, 8, is above max_batch_size, 4",
    ],
    [
      "max_batch_size { value: 8 } allowed_batch_sizes: [8, 4]",
      "line 1: allowed_batch_sizes must ascend, got 8, 4",
    ],
    [
      "max_batch_size { value: 8 } allowed_batch_sizes: [2, 4]",
      "line 1: the last of allowed_batch_sizes must be the largest batch, 8, got 4",
    ],
    [
      "allowed_batch_sizes: 4",
      "line 1: the last of allowed_batch_sizes must be the largest batch, max_batch_size, which is not set, got 4",
    ],
    ["pad_variable_length_inputs: 2", 'line 1: pad_variable_length_inputs must be true or false, got "2"'],
  ])("refuses %j", (text, message) => {
    expect(refused(text)).toEqual(message instanceof RegExp ? expect.stringMatching(message) : message);
  });
});
