import { isDType, type TensorData } from "../../../src/tensor/dtype.ts";
import type { Tensor, Tensors } from "../../../src/tensor/tensor.ts";

// Before the native library initialises: it reads its environment once.
process.env.ORT_DISABLE_TELEMETRY = "1";
// As in src/runtime/onnx-session.ts: the native binding takes float16 as Uint16Array only.
Reflect.deleteProperty(globalThis, "Float16Array");

const ort = import("onnxruntime-node");

/** Returns the outputs of one run of `model` (bytes, or the path of a file) in this process. */
export async function runModel(model: Uint8Array | string, feeds: Tensors): Promise<Tensors> {
  const { InferenceSession, Tensor: OrtTensor } = await ort;
  const options = { logSeverityLevel: 4 as const };
  const session =
    typeof model === "string"
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options);
  try {
    const inputs = Object.entries(feeds).map(
      ([name, { dtype, data, shape }]) => [name, new OrtTensor(dtype, data, shape)] as const,
    );
    const outputs = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { type, dims, data }]) => [name, toTensor(type, dims, data)]),
    );
  } finally {
    await session.release();
  }
}

function toTensor(type: string, shape: readonly number[], data: unknown): Tensor {
  if (!isDType(type)) throw new TypeError(`an output of type ${type}`);
  return { dtype: type, shape, data: data as TensorData };
}
