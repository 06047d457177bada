import type { Kernels } from "./kernels.ts";
import type { Raster } from "./raster.ts";

/** Pixels in the kernels' memory: lines of `width * channels` bytes, each `line` bytes after the one before. */
export interface HeldRaster {
  readonly at: number;
  readonly line: number;
  readonly height: number;
  readonly width: number;
  readonly channels: Raster["channels"];
}

/** Lines past the end that a kernel may read, since it reads up to four at a time. */
const SPARE_LINES = 3;

/** Makes room for pixels whose lines are `line` bytes apart. */
export function holdRoom(
  kernels: Kernels,
  { height, width, channels }: Omit<Raster, "data">,
  line: number = width * channels,
): HeldRaster {
  const at = kernels.allocate((height + SPARE_LINES) * line);
  return { at, line, height, width, channels };
}

/** Copies in `count` lines of a raster, from line `first` on. */
export function hold(kernels: Kernels, raster: Raster, first: number, count: number): HeldRaster {
  const line = raster.width * raster.channels;
  const held = holdRoom(kernels, { ...raster, height: count }, line);
  holdAgain(kernels, held, raster, first, count);
  return held;
}

/** Copies `count` other lines of the same raster over those that are held. */
export function holdAgain(
  kernels: Kernels,
  held: HeldRaster,
  { data }: Raster,
  first: number,
  count: number,
): void {
  kernels.bytes.set(data.subarray(first * held.line, (first + count) * held.line), held.at);
}

/** A part of an image, in whole pixels. */
export type Box = Readonly<Record<"top" | "left" | "height" | "width", number>>;

/** Returns a part of the pixels, which stay where they are. */
export function crop(held: HeldRaster, { top, left, height, width }: Box): HeldRaster {
  return { ...held, at: held.at + top * held.line + left * held.channels, height, width };
}

/** Copies the pixels out. */
export function release(kernels: Kernels, { at, line, height, width, channels }: HeldRaster): Raster {
  const length = width * channels;
  if (line === length)
    return { height, width, channels, data: kernels.bytes.slice(at, at + height * length) };
  const data = new Uint8Array(height * length);
  for (let y = 0; y < height; y++) {
    const from = at + y * line;
    data.set(kernels.bytes.subarray(from, from + length), y * length);
  }
  return { height, width, channels, data };
}
