import type { SessionInfo } from "../runtime/session.ts";
import type { TensorSpec } from "../tensor/tensor.ts";

/** How the model's axis 0 can be used. */
export interface Batching {
  /** rows: rows of many requests run together. whole: tensors are fed exactly as they come. */
  readonly kind: "rows" | "whole";
  /** The graph's fixed batch size: fuller batches are split, smaller ones padded. */
  readonly fixedBatchSize?: number;
}

/**
 * Reads off the declared shapes whether axis 0 of every input and output is the batch. A fixed size there
 * counts as a batch size only for pictures: `[1, 3, 224, 224]` is one, `[2, 3]` may be anything.
 */
export function findBatching({ inputs, outputs }: SessionInfo, isImage: boolean): Batching {
  if (isImage && isUnbatchedDetector(outputs)) return { kind: "whole" };
  const firstSizes = [...inputs, ...outputs].map(({ shape }: TensorSpec) => shape[0]);
  if (inputs.length === 0 || firstSizes.includes(undefined)) return { kind: "whole" };
  const fixed = firstSizes.filter((size) => typeof size === "number");
  if (fixed.length === 0) return { kind: "rows" };
  const [size] = fixed;
  const inputIsFixed = typeof inputs[0]?.shape[0] === "number";
  if (!isImage || size === undefined || !inputIsFixed || fixed.some((other) => other !== size))
    return { kind: "whole" };
  return { kind: "rows", fixedBatchSize: size };
}

/** torchvision's detectors list what they found in one picture: axis 0 counts things, even where there is one. */
function isUnbatchedDetector(outputs: readonly TensorSpec[]): boolean {
  const rankOf = (name: string) => outputs.find((output) => output.name === name)?.shape.length;
  return rankOf("boxes") === 2 && rankOf("scores") === 1 && rankOf("labels") === 1;
}
