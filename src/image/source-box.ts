import type { PadMode } from "./preprocess-spec.ts";
import { type Pixels, type Raster, type Size, zeroPixels } from "./raster.ts";

/** Whole pixels of the source, and of what continues it beyond its edges. */
export interface SourceBox extends Size {
  readonly top: number;
  readonly left: number;
}

/**
 * Returns the part of the source with the aspect of `size`, in its centre: the largest inside it for `crop`, the
 * smallest around it for `pad`. Units: pixels.
 *
 * @see fastai/fastai `fastai/vision/augment.py` Resize
 */
export function sourceBox(source: Size, size: Size, method: "crop" | "pad"): SourceBox {
  const [across, down] = [source.width / size.width, source.height / size.height];
  const scale = method === "crop" ? Math.min(across, down) : Math.max(across, down);
  const height = Math.max(1, Math.trunc(scale * size.height));
  const width = Math.max(1, Math.trunc(scale * size.width));
  const top = Math.trunc(0.5 * (source.height - height));
  const left = Math.trunc(0.5 * (source.width - width));
  return { top, left, height, width };
}

/**
 * Returns the pixels of `box`, continued beyond the edges as `numpy.pad` does with mode reflect, constant (0) or edge.
 * Shapes: `[h, w, C]` → the box's.
 */
export function cutBox<Data extends Pixels>(
  raster: Raster<Data>,
  box: SourceBox,
  padMode: PadMode = "reflection",
): Raster<Data> {
  const { channels } = raster;
  const { height, width } = box;
  const data = zeroPixels(raster.data, height * width * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const row = continued(box.top + y, raster.height, padMode);
    for (let x = 0; x < width; x++) {
      const column = continued(box.left + x, raster.width, padMode);
      if (row === undefined || column === undefined) {
        at += channels;
        continue;
      }
      const from = (row * raster.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) data[at++] = raster.data[from + channel] as number;
    }
  }
  return { height, width, channels, data };
}

/** The pixel that stands at `index`; undefined where it is black. */
function continued(index: number, length: number, padMode: PadMode): number | undefined {
  if (index >= 0 && index < length) return index;
  if (padMode === "zeros") return undefined;
  return padMode === "border" ? Math.min(Math.max(index, 0), length - 1) : reflected(index, length);
}

/** The edge itself is not repeated: -1 is pixel 1. */
function reflected(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((index % period) + period) % period;
  return within < length ? within : period - within;
}
