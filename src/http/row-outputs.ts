import type { Servable } from "../servable.ts";
import type { TensorSpec } from "../tensor/tensor.ts";

/** Returns the raw outputs as images are answered: a row for each, though the model may run them one by one. */
export function rowOutputs({ info, modelInputs, batching }: Servable): readonly TensorSpec[] {
  if (batching.kind === "rows" || modelInputs.imageInput === undefined) return info.outputs;
  return info.outputs.map((output) => {
    const row = output.shape[0] === 1 && !batching.isRow ? output.shape.slice(1) : output.shape;
    return { ...output, shape: ["N", ...row] };
  });
}
