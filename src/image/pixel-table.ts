import { allocate } from "../tensor/dtype.ts";
import { toFloat16Bits } from "../tensor/float16.ts";
import { normaliser } from "./normaliser.ts";
import type { PreprocessSpec } from "./preprocess-spec.ts";
import { remember } from "./remember.ts";

/** Numbers of a row. */
export type PixelTable = Float32Array | Uint16Array | Uint8Array;

type TableSpec = Pick<PreprocessSpec, "dtype" | "rescaleFactor" | "rescaleOffset" | "mean" | "std">;

/**
 * Returns, for each channel of the row in its order, what every value 0..255 of a pixel becomes.
 * float16 is cut from float32.
 */
export const pixelTables: (spec: TableSpec) => readonly PixelTable[] = remember(
  makePixelTables,
  ({ dtype, rescaleFactor, rescaleOffset, mean, std }) =>
    JSON.stringify([dtype, rescaleFactor, rescaleOffset, mean, std]),
  8,
);

function makePixelTables(spec: TableSpec): PixelTable[] {
  return spec.mean.map((_, channel) => {
    const table = allocate(spec.dtype, 256) as PixelTable;
    const normalise = normaliser(spec, channel, spec.rescaleFactor);
    for (let value = 0; value < 256; value++) {
      if (spec.dtype === "uint8") table[value] = value;
      else {
        const float32 = normalise(value);
        table[value] = spec.dtype === "float32" ? float32 : toFloat16Bits(float32);
      }
    }
    return table;
  });
}
