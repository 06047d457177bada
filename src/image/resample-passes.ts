import type { Raster } from "./raster.ts";
import { type AxisWeights, PRECISION_BITS } from "./resample-weights.ts";

// Sums start at one half of the last bit kept, so that the shift rounds. They stay in 32 bits as in Pillow.
// Stores go through a clamped array, which cuts to 0..255.
const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Returns `raster` with its width resampled, every sum rounded and cut to 0..255.
 *
 * Shapes: `[h, w, channels]` → `[h, across.starts.length, channels]`.
 */
export function resampleColumns(raster: Raster, across: AxisWeights): Raster {
  const { height, channels } = raster;
  const width = across.starts.length;
  const target = new Uint8ClampedArray(height * width * channels);
  if (channels === 3) columnsOf3(raster, across, target);
  else columnsOf1(raster, across, target);
  return { height, width, channels, data: new Uint8Array(target.buffer) };
}

function columnsOf3(raster: Raster, across: AxisWeights, target: Uint8ClampedArray): void {
  const { starts, counts, weights, stride } = across;
  const source = raster.data;
  const width = starts.length;
  let at = 0;
  for (let y = 0; y < raster.height; y++) {
    const line = y * raster.width * 3;
    for (let x = 0; x < width; x++) {
      let from = line + (starts[x] as number) * 3;
      let k = x * stride;
      const end = k + (counts[x] as number);
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (; k < end; k++, from += 3) {
        const weight = weights[k] as number;
        red = (red + Math.imul(source[from] as number, weight)) | 0;
        green = (green + Math.imul(source[from + 1] as number, weight)) | 0;
        blue = (blue + Math.imul(source[from + 2] as number, weight)) | 0;
      }
      target[at] = red >> PRECISION_BITS;
      target[at + 1] = green >> PRECISION_BITS;
      target[at + 2] = blue >> PRECISION_BITS;
      at += 3;
    }
  }
}

function columnsOf1(raster: Raster, across: AxisWeights, target: Uint8ClampedArray): void {
  const { starts, counts, weights, stride } = across;
  const source = raster.data;
  const width = starts.length;
  for (let y = 0; y < raster.height; y++) {
    const line = y * raster.width;
    for (let x = 0; x < width; x++) {
      let from = line + (starts[x] as number);
      let k = x * stride;
      const end = k + (counts[x] as number);
      let sum = HALF;
      for (; k < end; k++, from++) {
        sum = (sum + Math.imul(source[from] as number, weights[k] as number)) | 0;
      }
      target[y * width + x] = sum >> PRECISION_BITS;
    }
  }
}

/**
 * Returns `raster` with its height resampled. Its rows are rows `firstRow` and on of the image that `down` speaks of.
 *
 * Shapes: `[h, w, channels]` → `[down.starts.length, w, channels]`.
 */
export function resampleRows(raster: Raster, down: AxisWeights, firstRow: number): Raster {
  const { width, channels, data: source } = raster;
  const { starts, counts, weights, stride } = down;
  const height = starts.length;
  const length = width * channels;
  const target = new Uint8ClampedArray(height * length);
  // One line of sums, so that memory is read along lines; three lines at a time, so that sums are seldom stored.
  const sums = new Int32Array(length);
  for (let y = 0; y < height; y++) {
    const count = counts[y] as number;
    let line = ((starts[y] as number) - firstRow) * length;
    let k = 0;
    sums.fill(HALF);
    for (; k + 3 < count; k += 3, line += 3 * length) {
      addThreeLines(sums, source, line, weights, y * stride + k);
    }
    const used = count - k;
    const weight0 = weights[y * stride + k] as number;
    const weight1 = used > 1 ? (weights[y * stride + k + 1] as number) : 0;
    const weight2 = used > 2 ? (weights[y * stride + k + 2] as number) : 0;
    // A line with weight zero is read and adds nothing; it must only exist.
    const line1 = used > 1 ? line + length : line;
    const line2 = used > 2 ? line1 + length : line1;
    const targetLine = y * length;
    for (let i = 0; i < length; i++) {
      const sum =
        (sums[i] as number) +
        Math.imul(source[line + i] as number, weight0) +
        Math.imul(source[line1 + i] as number, weight1) +
        Math.imul(source[line2 + i] as number, weight2);
      target[targetLine + i] = sum >> PRECISION_BITS;
    }
  }
  return { height, width, channels, data: new Uint8Array(target.buffer) };
}

function addThreeLines(
  sums: Int32Array,
  source: Uint8Array,
  line: number,
  weights: Int32Array,
  k: number,
): void {
  const length = sums.length;
  const [line1, line2] = [line + length, line + 2 * length];
  const weight0 = weights[k] as number;
  const weight1 = weights[k + 1] as number;
  const weight2 = weights[k + 2] as number;
  for (let i = 0; i < length; i++) {
    sums[i] =
      (sums[i] as number) +
      Math.imul(source[line + i] as number, weight0) +
      Math.imul(source[line1 + i] as number, weight1) +
      Math.imul(source[line2 + i] as number, weight2);
  }
}
