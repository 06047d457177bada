import { ServingError } from "../errors.ts";
import { allocate } from "./dtype.ts";
import { mergeRows, splitRows } from "./rows.ts";
import type { Tensor, Tensors } from "./tensor.ts";

/**
 * Merges rows name by name, each into what `memoryOf` gives for it.
 *
 * Shapes: n rows with tensors `[...S]` → tensors `[batchSize, ...S]`, padded with copies of the last row.
 *
 * @throws {ServingError} INTERNAL when the rows differ in names, shape or type.
 */
export function mergeColumns(
  rows: readonly Tensors[],
  batchSize: number = rows.length,
  memoryOf: (name: string) => typeof allocate = () => allocate,
): Tensors {
  const names = Object.keys(rows[0] ?? {});
  const isAlike = (row: Tensors) =>
    Object.keys(row).length === names.length && names.every((name) => Object.hasOwn(row, name));
  if (!rows.every(isAlike)) {
    throw new ServingError("INTERNAL", "rows of different names in one batch; this is a bug");
  }
  return mapTensors(rows[0] ?? {}, (_, name) =>
    mergeRows(
      rows.flatMap((row) => row[name] ?? []),
      batchSize,
      memoryOf(name),
    ),
  );
}

/**
 * Splits the first `count` rows off, name by name; numeric rows are views.
 *
 * Shapes: tensors `[B, ...S]`, B >= count → count rows with tensors `[...S]`.
 *
 * @throws {ServingError} INTERNAL when a tensor has fewer rows.
 */
export function splitColumns(columns: Tensors, count: number): Tensors[] {
  const split = mapValues(columns, (tensor) => splitRows(tensor, count));
  return Array.from({ length: count }, (_, i) =>
    mapTensors(columns, (tensor, name) => split[name]?.[i] ?? tensor),
  );
}

/** Returns the common size of axis 0, or undefined where there is none. */
export function rowCount(columns: Tensors): number | undefined {
  const sizes = new Set(Object.values(columns).map(({ shape }) => shape[0]));
  const [size] = sizes;
  return sizes.size === 1 ? size : undefined;
}

/** Shapes: `[...S]` → `[1, ...S]`. */
export function addBatchAxis(row: Tensors): Tensors {
  return mapTensors(row, (tensor) => ({ ...tensor, shape: [1, ...tensor.shape] }));
}

/** Shapes: `[1, ...S]` → `[...S]`; a tensor with another axis 0 stays as it is. */
export function dropBatchAxis(columns: Tensors): Tensors {
  return mapTensors(columns, (tensor) =>
    tensor.shape[0] === 1 ? { ...tensor, shape: tensor.shape.slice(1) } : tensor,
  );
}

function mapTensors(tensors: Tensors, change: (tensor: Tensor, name: string) => Tensor): Tensors {
  return mapValues(tensors, change);
}

function mapValues<Result>(
  tensors: Tensors,
  change: (tensor: Tensor, name: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}
