import { ServingError } from "../errors.ts";
import { allocate, type TensorData } from "./dtype.ts";
import { elementCount, formatShape, type Tensor } from "./tensor.ts";

/**
 * Merges rows into one batch along the 0th dimension, which `memory` makes room for.
 *
 * Shapes: n rows `[...S]` → `[batchSize, ...S]`.
 * Order: row i of the batch is `rows[i]`; rows past `rows.length` are padding, copies of the last row.
 *
 * @throws {ServingError} INTERNAL when the rows differ in shape or type: the scheduler puts only equal
 * ones together.
 * @see tensorflow/serving `batching/batching_session.cc` MergeInputTensors
 */
export function mergeRows(
  rows: readonly Tensor[],
  batchSize: number = rows.length,
  memory: typeof allocate = allocate,
): Tensor {
  const first = rows[0];
  if (first === undefined || batchSize < rows.length) {
    throw new ServingError("INTERNAL", `cannot merge ${rows.length} rows into ${batchSize}; this is a bug`);
  }
  const rowLength = elementCount(first.shape);
  const data = memory(first.dtype, rowLength * batchSize);
  for (let i = 0; i < batchSize; i++) {
    const row = rows[Math.min(i, rows.length - 1)] ?? first;
    if (row.dtype !== first.dtype || formatShape(row.shape) !== formatShape(first.shape)) {
      throw new ServingError("INTERNAL", "rows of different shapes in one batch; this is a bug");
    }
    copyInto(data, row.data, i * rowLength);
  }
  return { dtype: first.dtype, shape: [batchSize, ...first.shape], data };
}

function copyInto(target: TensorData, source: TensorData, offset: number): void {
  if (Array.isArray(target)) {
    const strings = source as string[];
    for (let i = 0; i < strings.length; i++) target[offset + i] = strings[i] ?? "";
  } else {
    // Same dtype on both sides, checked by the caller: the element kinds agree.
    (target as Float32Array).set(source as Float32Array, offset);
  }
}

/**
 * Splits the first `count` rows off a batch, without copying: numeric rows are views of its memory.
 *
 * Shapes: `[B, ...S]`, B >= count → count rows `[...S]`.
 *
 * @throws {ServingError} INTERNAL when the tensor has no 0th dimension or fewer than `count` rows.
 */
export function splitRows(batch: Tensor, count: number): Tensor[] {
  const [batchSize, ...shape] = batch.shape;
  if (batchSize === undefined || batchSize < count) {
    throw new ServingError(
      "INTERNAL",
      `cannot split ${count} rows off ${formatShape(batch.shape)}; this is a bug`,
    );
  }
  const rowLength = elementCount(shape);
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i * rowLength, (i + 1) * rowLength];
    const data = Array.isArray(batch.data) ? batch.data.slice(start, end) : batch.data.subarray(start, end);
    return { dtype: batch.dtype, shape, data };
  });
}
