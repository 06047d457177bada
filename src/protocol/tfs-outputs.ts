import { ServingError } from "../errors.ts";
import { splitRows } from "../tensor/rows.ts";
import type { Tensor, Tensors } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";

/**
 * Returns the outputs of one run in the columnar format, what stands behind `"outputs"`: the tensor of a
 * single output, else an object keyed by output name.
 *
 * @throws {ServingError} INVALID_ARGUMENT when there are no outputs
 * @see tensorflow/serving `util/json_tensor.cc` MakeColumnarFormatJsonFromTensors
 */
export function tfsOutputs(outputs: Tensors): Value {
  const values = Object.entries(outputs).map(([name, tensor]) => [name, tensorValue(name, tensor)] as const);
  const [first, second] = values;
  if (first === undefined) throw invalid("Cannot convert empty tensor map to JSON");
  return second === undefined ? first[1] : Object.fromEntries(values);
}

/**
 * Returns the outputs of one run in the row format, what stands behind `"predictions"`.
 *
 * Shapes: every output `[n, ...S]` → n values; n = 0 gives none.
 * Order: element i is row i.
 *
 * @throws {ServingError} INVALID_ARGUMENT when there are no outputs, or they have no or different axis 0
 * @see tensorflow/serving `util/json_tensor.cc` MakeRowFormatJsonFromTensors
 */
export function tfsPredictions(outputs: Tensors): Value[] {
  const entries = Object.entries(outputs);
  let count: number | undefined;
  for (const [name, { shape }] of entries) {
    const [size] = shape;
    if (size === undefined) throw invalid(`Tensor name: ${name} has no shape information `);
    if (count !== undefined && count !== size) {
      throw invalid(`Tensor name: ${name} has inconsistent batch size: ${size} expecting: ${count}`);
    }
    count = size;
  }
  if (count === undefined) throw invalid("Cannot convert empty tensor map to JSON");
  const rows = entries.map(([name, tensor]) => [name, splitRows(tensor, count)] as const);
  return Array.from({ length: count }, (_, i) =>
    tfsOutputs(Object.fromEntries(rows.map(([name, list]) => [name, list[i] as Tensor]))),
  );
}

/** Strings of an output whose name ends in `_bytes` are bytes: `{"b64"}`. */
function tensorValue(name: string, tensor: Tensor): Value {
  if (tensor.dtype !== "string" || !name.endsWith("_bytes")) return tensor;
  const strings = tensor.data as readonly string[];
  let next = 0;
  return nest(0);

  function nest(axis: number): Value {
    const size = tensor.shape[axis];
    if (size === undefined) return { b64: Buffer.from(strings[next++] ?? "").toString("base64") };
    return Array.from({ length: size }, () => nest(axis + 1));
  }
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
