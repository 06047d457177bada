import type { SessionInfo } from "../runtime/session.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import { isUnbatchedDetector } from "./unbatched-detector.ts";

/** How the model's axis 0 can be used. */
export interface Batching {
  /** rows: rows of many requests run together. whole: tensors are fed exactly as they come. */
  readonly kind: "rows" | "whole";
  /** The graph's fixed batch size: fuller batches are split, smaller ones padded. */
  readonly fixedBatchSize?: number;
  /** The model takes a row as it is, without an axis for the batch: `[3, height, width]`. */
  readonly isRow?: boolean;
}

/**
 * Reads off the declared shapes whether axis 0 of every input and output is the batch. A fixed size there
 * counts as a batch size only for pictures: `[1, 3, 224, 224]` is one, `[2, 3]` may be anything.
 */
export function findBatching({ inputs, outputs }: SessionInfo, isImage: boolean): Batching {
  if (isImage && isUnbatchedDetector(outputs)) {
    return { kind: "whole", ...(inputs[0]?.shape.length === 3 ? { isRow: true } : {}) };
  }
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
