import { ServingError } from "../errors.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { elementCount, formatShape, type Tensor, type TensorSpec } from "../tensor/tensor.ts";
import type { ModelInputs, PredictRequest } from "./predict-request.ts";
import { readRawTensor } from "./raw-tensor.ts";

/**
 * Returns what a body is that holds nothing but the data of a model's only input: one row of it, or one encoded image.
 *
 * Shapes: of the declared sizes one may be open, which the number of bytes tells; axis 0 is 1 where it counts rows.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the model has several inputs, or one whose shape the bytes do not tell.
 * @see triton-inference-server/server `docs/protocol/extension_binary_data.md` Raw Binary Request
 */
export function openInferenceRaw(
  body: Uint8Array,
  model: ModelInputs,
  isImage: (bytes: Uint8Array) => boolean,
): PredictRequest["inputs"] {
  const [spec, other] = model.inputs;
  if (spec === undefined || other !== undefined) {
    throw invalid(
      "a raw request holds one tensor, and the model takes several: send them with a JSON header",
    );
  }
  const shape = spec.dtype === "string" ? undefined : inferShape(spec, model.batching, body.length);
  if (model.imageInput !== undefined && (shape === undefined || isImage(body))) {
    return { kind: "instances", instances: [{ kind: "image", bytes: new Uint8Array(body) }] };
  }
  if (spec.dtype === "string") return { kind: "tensors", tensors: { [spec.name]: oneString(body, spec) } };
  if (shape === undefined) {
    throw invalid(`a raw request of ${body.length} bytes is no ${spec.dtype} ${formatShape(spec.shape)}`);
  }
  const tensor = readRawTensor({ bytes: body, dtype: spec.dtype, shape, where: "the body" });
  return { kind: "tensors", tensors: { [spec.name]: tensor } };
}

/** Returns undefined where so many bytes are no tensor of the declared shape. */
function inferShape(
  { dtype, shape }: TensorSpec,
  batching: ModelInputs["batching"],
  bytes: number,
): readonly number[] | undefined {
  const declared = batching === "rows" ? [1, ...shape.slice(1)] : shape;
  const open = declared.filter((size) => typeof size === "string");
  const known = elementCount(declared.filter((size) => typeof size === "number"));
  const size = bytes / itemBytes(dtype) / known;
  if (open.length > 1 || !Number.isInteger(size) || (open.length === 0 && size !== 1)) return undefined;
  return declared.map((one) => (typeof one === "string" ? size : one));
}

/** The body is one string, without the length that stands before each of several. */
function oneString(body: Uint8Array, { name, shape }: TensorSpec): Tensor {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return { dtype: "string", shape: shape.map(() => 1), data: [text.decode(body)] };
  } catch (cause) {
    throw new ServingError("INVALID_ARGUMENT", `input '${name}': the body is not UTF-8 text`, { cause });
  }
}

function itemBytes(dtype: DType): number {
  return (allocate(dtype, 0) as Uint8Array).BYTES_PER_ELEMENT;
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
