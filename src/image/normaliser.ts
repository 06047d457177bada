import type { PreprocessSpec } from "./preprocess-spec.ts";

/**
 * Returns what makes a number of a channel one of the row.
 *
 * The steps and their roundings are those of NumPy in Hugging Face's processors: the product with the factor in
 * float64, cut to float32; then the offset, the mean and the deviation each in float32. NaN stays NaN.
 *
 * @param channel in the order of the row
 * @see huggingface/transformers `image_transforms.py` rescale, normalize
 */
export function normaliser(
  spec: Pick<PreprocessSpec, "rescaleOffset" | "mean" | "std">,
  channel: number,
  rescaleFactor: number,
): (value: number) => number {
  const { fround } = Math;
  const offset = fround(spec.rescaleOffset);
  const mean = fround(spec.mean[channel] ?? 0);
  const std = fround(spec.std[channel] ?? 1);
  return (value) => fround(fround(fround(fround(value * rescaleFactor) + offset) - mean) / std);
}
