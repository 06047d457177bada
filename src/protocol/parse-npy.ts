import { excerpt, ServingError } from "../errors.ts";
import { type ArrayFormat, arrayItemBytes, findArrayDType } from "../tensor/array-format.ts";
import { type DType, fromBytes } from "../tensor/dtype.ts";
import { type NpyHeader, readNpyHeader } from "../tensor/npy-header.ts";
import { splitRows } from "../tensor/rows.ts";
import { elementCount, fitsSpec, formatShape, type Tensor, type TensorSpec } from "../tensor/tensor.ts";
import { checkCount } from "./parse-instances.ts";
import type { ModelInputs, PredictRequest } from "./predict-request.ts";

/** NumPy's names of the types that a tensor can have; of one byte, the order of bytes is not applicable. */
const DTYPES: Readonly<Record<string, DType>> = {
  "<f2": "float16",
  "<f4": "float32",
  "<f8": "float64",
  "|i1": "int8",
  "<i2": "int16",
  "<i4": "int32",
  "<i8": "int64",
  "|u1": "uint8",
  "<u2": "uint16",
  "<u4": "uint32",
  "<u8": "uint64",
  "|b1": "bool",
};

/**
 * Returns what a NumPy file asks for, the first axis of which is the batch. An array of the type of the model's only
 * input is that input. For a model that takes images, one of another type is their pixels, which are resized and
 * normalised as any image's.
 *
 * Shapes: the input, `[n, ...S]`; or pixels `[n, H, W, C]` or `[n, C, H, W]`, of a single band also `[n, H, W]`.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it is damaged, in Fortran order, or no array for this model;
 * TOO_MANY_INSTANCES past `maxInstances`
 */
export function parseNpy(
  file: Uint8Array,
  model: ModelInputs,
  { maxInstances }: { readonly maxInstances: number },
): PredictRequest["inputs"] {
  const header = readNpyHeader(file);
  if (header === undefined) throw invalid("the NumPy file is cut off or damaged");
  if (header.isFortranOrder)
    throw invalid("the array is in Fortran order: send numpy.ascontiguousarray(array)");
  const [spec, other] = model.inputs;
  if (spec === undefined || other !== undefined) {
    throw invalid(`the model has ${model.inputs.length} inputs: send JSON, which names them`);
  }
  const [count = 0] = header.shape;
  if (count === 0) throw invalid("expected at least one row, got none");
  checkCount(count, "the array", maxInstances);
  const numbers = file.slice(header.end);
  const dtype = Object.hasOwn(DTYPES, header.descr) ? DTYPES[header.descr] : undefined;
  if (dtype === spec.dtype) return readInput(numbers, header, spec, model);
  const pixels = model.imageInput === undefined ? undefined : findArrayDType(header.descr);
  if (pixels === undefined) {
    throw invalid(
      `expected numbers of type ${spec.dtype}, got ${excerpt(header.descr)}${hint(header.descr)}`,
    );
  }
  return readPixels(numbers, header, pixels);
}

function readInput(
  bytes: Uint8Array<ArrayBuffer>,
  { shape }: NpyHeader,
  spec: TensorSpec,
  { batching }: ModelInputs,
): PredictRequest["inputs"] {
  const declared = batching === "rows" ? ["N", ...spec.shape.slice(1)] : spec.shape;
  if (!fitsSpec(shape, declared)) {
    throw invalid(
      `an array of ${spec.dtype} is the input '${spec.name}': expected shape ${formatShape(declared)}, got ${formatShape(shape)}`,
    );
  }
  const data = fromBytes(spec.dtype, bytes);
  if (data?.length !== elementCount(shape)) throw cutOff(shape, spec.dtype, bytes);
  const tensor: Tensor = { dtype: spec.dtype, shape, data };
  if (batching === "whole") return { kind: "tensors", tensors: { [spec.name]: tensor } };
  const rows = splitRows(tensor, shape[0] ?? 0);
  return {
    kind: "instances",
    instances: rows.map((row) => ({ kind: "row", row: { [spec.name]: row } })),
  };
}

function readPixels(
  bytes: Uint8Array<ArrayBuffer>,
  { shape: [count = 0, ...shape] }: NpyHeader,
  dtype: ArrayFormat["dtype"],
): PredictRequest["inputs"] {
  if ((shape.length !== 2 && shape.length !== 3) || elementCount(shape) === 0) {
    throw invalid(
      `pixels: expected shape [N, height, width, bands] or [N, bands, height, width], got ${formatShape([count, ...shape])}`,
    );
  }
  const imageBytes = elementCount(shape) * arrayItemBytes(dtype);
  if (bytes.length !== count * imageBytes) throw cutOff([count, ...shape], dtype, bytes);
  return {
    kind: "instances",
    instances: Array.from({ length: count }, (_, i) => ({
      kind: "image",
      bytes: bytes.slice(i * imageBytes, (i + 1) * imageBytes),
      array: { dtype, shape },
    })),
  };
}

function cutOff(shape: readonly number[], dtype: string, { length }: Uint8Array): ServingError {
  return invalid(`expected all numbers of ${formatShape(shape)} ${dtype}, got ${length} bytes`);
}

function hint(descr: string): string {
  return descr.startsWith(">")
    ? `; send little-endian numbers: array.astype("<${excerpt(descr.slice(1))}")`
    : "";
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
