import { dirname } from "node:path";
import { MessageReader } from "./message-reader.ts";

/** What a batching parameters file says, in the server's own words. */
export interface BatchingParameters {
  readonly maxBatchSize?: number;
  readonly batchTimeoutMicros?: number;
  /** Batches that run at once. */
  readonly inferenceLanes?: number;
  readonly maxEnqueuedInstances?: number;
  /** Ascending, the last is `maxBatchSize`. */
  readonly allowedBatchSizes?: readonly number[];
}

/** The settings' own bounds. */
export interface BatchingBounds {
  readonly maxBatchSize: number;
  readonly batchTimeoutMicros: number;
  readonly inferenceLanes: number;
  readonly maxEnqueuedInstances: number;
}

const KEYS = [
  "max_batch_size",
  "batch_timeout_micros",
  "max_enqueued_batches",
  "num_batch_threads",
  "allowed_batch_sizes",
  "pad_variable_length_inputs",
  "enable_large_batch_splitting",
  "max_execution_batch_size",
  "thread_pool_name",
];

/**
 * Returns what TensorFlow Serving's `batching_parameters_file` says. `max_batch_size` is there the largest request, and here,
 * where every request may be larger than a run, the largest run: `max_execution_batch_size`, where it is set.
 *
 * @throws {StartupError} one line that says the file, the line and the key at fault.
 * @see tensorflow/serving `servables/tensorflow/session_bundle_config.proto` BatchingParameters
 */
export function readBatchingParameters(path: string, bounds: BatchingBounds): BatchingParameters {
  const file = MessageReader.ofFile(path, dirname(path), KEYS);
  const integer = (key: string, min: number, max: number) => {
    const wrapper = file.wrapped(key);
    if (wrapper === undefined) return undefined;
    const value = wrapper.integer("value", min, max);
    if (value === undefined) throw wrapper.error(`${key} has no value: write ${key} { value: ${min} }`);
    return value;
  };
  const largestRequest = integer("max_batch_size", 1, Number.MAX_SAFE_INTEGER);
  const largestRun = integer("max_execution_batch_size", 1, bounds.maxBatchSize);
  const splits = file.wrapped("enable_large_batch_splitting")?.boolean("value") ?? false;
  if (largestRun !== undefined && !splits) {
    throw file.error("max_execution_batch_size needs enable_large_batch_splitting { value: true }");
  }
  if (largestRun !== undefined && largestRequest !== undefined && largestRun > largestRequest) {
    throw file.error(`max_execution_batch_size, ${largestRun}, is above max_batch_size, ${largestRequest}`);
  }
  const maxBatchSize = largestRun ?? integer("max_batch_size", 1, bounds.maxBatchSize);
  const batchTimeoutMicros = integer("batch_timeout_micros", 0, bounds.batchTimeoutMicros);
  const inferenceLanes = integer("num_batch_threads", 1, bounds.inferenceLanes);
  const batches = integer("max_enqueued_batches", 1, Number.MAX_SAFE_INTEGER);
  if (batches !== undefined && maxBatchSize === undefined) {
    throw file.error("max_enqueued_batches counts batches of max_batch_size: add max_batch_size");
  }
  const allowedBatchSizes = readAllowed(file, maxBatchSize);
  // Read for their form alone.
  file.boolean("pad_variable_length_inputs");
  file.wrapped("thread_pool_name")?.text("value");
  return {
    ...(maxBatchSize === undefined ? {} : { maxBatchSize }),
    ...(batchTimeoutMicros === undefined ? {} : { batchTimeoutMicros }),
    ...(inferenceLanes === undefined ? {} : { inferenceLanes }),
    ...(batches === undefined || maxBatchSize === undefined
      ? {}
      : { maxEnqueuedInstances: Math.min(bounds.maxEnqueuedInstances, batches * maxBatchSize) }),
    ...(allowedBatchSizes.length === 0 ? {} : { allowedBatchSizes }),
  };
}

function readAllowed(file: MessageReader, maxBatchSize: number | undefined): readonly number[] {
  const sizes = file.integers("allowed_batch_sizes", 1, Number.MAX_SAFE_INTEGER);
  if (sizes.length === 0) return sizes;
  if (sizes.some((size, i) => size <= (sizes[i - 1] ?? 0))) {
    throw file.error(`allowed_batch_sizes must ascend, got ${sizes.join(", ")}`);
  }
  if (sizes.at(-1) === maxBatchSize) return sizes;
  const largest = maxBatchSize === undefined ? "max_batch_size, which is not set" : `${maxBatchSize}`;
  throw file.error(
    `the last of allowed_batch_sizes must be the largest batch, ${largest}, got ${sizes.at(-1)}`,
  );
}
