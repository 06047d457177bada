import { allocate } from "../tensor/dtype.ts";
import { toFloat16Bits } from "../tensor/float16.ts";
import type { PreprocessSpec } from "./preprocess-spec.ts";
import { remember } from "./remember.ts";

export type PixelTable = Float32Array | Uint16Array | Uint8Array;

/**
 * Returns, for each channel of the row in its order, what every value 0..255 of a pixel becomes.
 *
 * The steps and their roundings are those of NumPy in Hugging Face's processors: the product with the factor in
 * float64, cut to float32; then the offset, the mean and the deviation each in float32. float16 is cut from that.
 *
 * @see huggingface/transformers `image_transforms.py` rescale, normalize
 */
export const pixelTables: (spec: PreprocessSpec) => readonly PixelTable[] = remember(
  makePixelTables,
  ({ dtype, rescaleFactor, rescaleOffset, mean, std }) =>
    JSON.stringify([dtype, rescaleFactor, rescaleOffset, mean, std]),
  8,
);

function makePixelTables(spec: PreprocessSpec): PixelTable[] {
  return spec.mean.map((mean, channel) => {
    const table = allocate(spec.dtype, 256) as PixelTable;
    const std = spec.std[channel] ?? 1;
    for (let value = 0; value < 256; value++) {
      if (spec.dtype === "uint8") table[value] = value;
      else {
        const float32 = normalise(value, spec, mean, std);
        table[value] = spec.dtype === "float32" ? float32 : toFloat16Bits(float32);
      }
    }
    return table;
  });
}

function normalise(value: number, spec: PreprocessSpec, mean: number, std: number): number {
  const { fround } = Math;
  const rescaled = fround(fround(value * spec.rescaleFactor) + fround(spec.rescaleOffset));
  return fround(fround(rescaled - fround(mean)) / fround(std));
}
