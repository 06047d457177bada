import { ServingError } from "../errors.ts";
import { allocate } from "../tensor/dtype.ts";
import { toFloat16Bits } from "../tensor/float16.ts";
import type { RowSlot } from "../tensor/row-slots.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { levelsToRow } from "./levels-to-row.ts";
import { normaliser } from "./normaliser.ts";
import type { PixelTable } from "./pixel-table.ts";
import { planGeometry } from "./plan-geometry.ts";
import type { Geometry, PreprocessSpec } from "./preprocess-spec.ts";
import type { Pixels, Raster, Size } from "./raster.ts";
import { resample } from "./resample.ts";
import { resampleFloat } from "./resample-float.ts";
import { type RowPixels, rowPixels } from "./row-pixels.ts";

/**
 * Returns one row of the model's input of the bands of a raw array, and where its pixels came from. Bands of uint8
 * become what a picture's channels do; bands of float32 are resized as Pillow's mode "F".
 *
 * Shapes: as many `[h, w, 1]` as `spec.mean` has numbers → `[bands, height, width]`, or `[height, width, bands]` for
 * layout HWC.
 * Order: three bands are red, green and blue, whatever the row's order is; others are the row's.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE when a thin image would become a huge row; INVALID_ARGUMENT when the model
 * takes uint8 and the bands are of another type; INTERNAL when there is no band or one too many.
 */
export function preprocessBands(
  bands: readonly Raster<Pixels>[],
  spec: PreprocessSpec,
  slot?: RowSlot,
): { row: Tensor; geometry: Geometry } {
  const [first] = bands;
  if (first === undefined || bands.length !== spec.mean.length) {
    const got = `${bands.length} bands, ${spec.mean.length} means`;
    throw new ServingError("INTERNAL", `expected a mean for each band, got ${got}; this is a bug`);
  }
  if (spec.dtype === "uint8" && first.data instanceof Float32Array) {
    throw new ServingError(
      "INVALID_ARGUMENT",
      "expected an array of uint8, which the model takes, got another type",
    );
  }
  const geometry = planGeometry(first, spec);
  // The last channel of BGR is the first of RGB.
  const order = spec.color === "BGR" ? bands.toReversed() : bands;
  const fills = spec.color === "BGR" ? spec.cropFill?.toReversed() : spec.cropFill;
  const ofBand = (index: number) => ({ ...spec, cropFill: [fills?.[index] ?? 0] });
  if (isLevels(order)) {
    const sources = order.map((band, index) => ({
      from: rowPixels(band, ofBand(index), geometry, resample),
      channel: 0,
    }));
    return { row: levelsToRow(sources, spec, geometry.row, slot), geometry };
  }
  const { height, width } = geometry.row;
  const shape = spec.layout === "CHW" ? [bands.length, height, width] : [height, width, bands.length];
  const data = allocate(spec.dtype, elementCount(shape)) as PixelTable;
  order.forEach((band, channel) => {
    const found = rowPixels(band as Raster<Float32Array>, ofBand(channel), geometry, resampleFloat);
    const to = { channel, channels: bands.length, row: geometry.row, layout: spec.layout };
    place(data, normalise(found.pixels.data, spec, channel), found, to);
  });
  return { row: { dtype: spec.dtype, shape, data }, geometry };
}

function isLevels(bands: readonly Raster<Pixels>[]): bands is readonly Raster[] {
  return bands.every((band) => band.data instanceof Uint8Array);
}

function normalise(floats: Float32Array, spec: PreprocessSpec, channel: number): PixelTable {
  const toRow = normaliser(spec, channel, spec.isFactorForBytes ? 1 : spec.rescaleFactor);
  const numbers = allocate(spec.dtype, floats.length) as PixelTable;
  const isHalf = spec.dtype === "float16";
  for (let i = 0; i < numbers.length; i++) {
    const float32 = toRow(floats[i] as number);
    numbers[i] = isHalf ? toFloat16Bits(float32) : float32;
  }
  return numbers;
}

interface Place {
  readonly channel: number;
  readonly channels: number;
  readonly row: Size;
  readonly layout: PreprocessSpec["layout"];
}

/** Places a channel's numbers in the row; what is beyond them stays zero. */
function place(
  data: PixelTable,
  numbers: PixelTable,
  { pixels: { height, width }, top, left }: RowPixels<Pixels>,
  { channel, channels, row, layout }: Place,
): void {
  for (let y = 0; y < height; y++) {
    const line = numbers.subarray(y * width, (y + 1) * width);
    const at = (top + y) * row.width + left;
    if (layout === "CHW") data.set(line, channel * row.height * row.width + at);
    else {
      for (let x = 0; x < width; x++) data[(at + x) * channels + channel] = line[x] as number;
    }
  }
}
