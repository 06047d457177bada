import { ServingError } from "../errors.ts";
import type { RowSlot } from "../tensor/row-slots.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { levelsToRow } from "./levels-to-row.ts";
import { planGeometry } from "./plan-geometry.ts";
import type { Geometry, PreprocessSpec } from "./preprocess-spec.ts";
import type { Raster } from "./raster.ts";
import { resample } from "./resample.ts";
import { rowPixels } from "./row-pixels.ts";

/**
 * Returns one row of the model's input, and where its pixels came from.
 *
 * Shapes: `[h, w, channels]` → `[channels, height, width]`, or `[height, width, channels]` for layout HWC.
 *
 * @param slot where to write the row, if it is as long
 * @throws {ServingError} IMAGE_TOO_LARGE when a thin image would become a huge row; INTERNAL when the raster's
 * channels are not those of `spec.color`.
 */
export function preprocess(
  raster: Raster,
  spec: PreprocessSpec,
  slot?: RowSlot,
): { row: Tensor; geometry: Geometry } {
  const channels = spec.color === "L" ? 1 : 3;
  if (raster.channels !== channels || spec.mean.length !== channels || spec.std.length !== channels) {
    const got = `${raster.channels} channels, ${spec.mean.length} means, ${spec.std.length} deviations`;
    throw new ServingError(
      "INTERNAL",
      `expected ${channels} channels for ${spec.color}, got ${got}; this is a bug`,
    );
  }
  const geometry = planGeometry(raster, spec);
  const from = rowPixels(raster, spec, geometry, resample);
  const order = spec.color === "BGR" ? [2, 1, 0] : [0, 1, 2].slice(0, channels);
  const row = levelsToRow(
    order.map((channel) => ({ from, channel })),
    spec,
    geometry.row,
    slot,
  );
  return { row, geometry };
}
