import type { TensorSpec } from "../tensor/tensor.ts";

/**
 * Tells whether a model answers as torchvision's detectors do: they list what they found in one picture, so axis 0
 * counts things, even where there is one.
 */
export function isUnbatchedDetector(outputs: readonly TensorSpec[]): boolean {
  const rankOf = (name: string) => outputs.find((output) => output.name === name)?.shape.length;
  return rankOf("boxes") === 2 && rankOf("scores") === 1 && rankOf("labels") === 1;
}
