import type { Axis } from "./axis-weights.ts";
import type { Raster } from "./raster.ts";
import { roundHalfEven } from "./round-half-even.ts";

/** OpenCV's INTER_RESIZE_COEF_SCALE: a weight has 11 bits of fraction. */
const WEIGHT_ONE = 2048;

/**
 * Returns `raster` resized as OpenCV's `cv2.resize(..., interpolation=cv2.INTER_LINEAR)` does it with 8-bit pixels:
 * two neighbours for each axis, however much the image shrinks. OpenCV takes another way to exactly half of both edges,
 * the mean of four pixels, which is what these weights give there.
 *
 * Shapes: `[h, w, channels]` → `[down.windowLength, across.windowLength, channels]`.
 *
 * @see opencv/opencv `modules/imgproc/src/resize.cpp` resizeGeneric_, HResizeLinear, VResizeLinear
 */
export function resampleCv2Linear(raster: Raster, across: Axis, down: Axis): Raster {
  const { channels } = raster;
  const columns = neighbours(across, "one");
  const rows = neighbours(down, "two");
  const [height, length] = [down.windowLength, across.windowLength * channels];
  const data = new Uint8ClampedArray(height * length);
  const lineAt = widenedLines(raster, columns, length);
  for (let y = 0, at = 0; y < height; y++) {
    const upper = lineAt(rows.first[y] as number);
    const lower = lineAt(rows.second[y] as number);
    const [above, below] = [rows.firstWeight[y] as number, rows.secondWeight[y] as number];
    for (let i = 0; i < length; i++, at++) {
      // Both products are cut before they are added, as OpenCV's 16-bit lanes do.
      const sum = ((above * (upper[i] as number)) >> 16) + ((below * (lower[i] as number)) >> 16);
      data[at] = (sum + 2) >> 2;
    }
  }
  return { height, width: across.windowLength, channels, data: new Uint8Array(data.buffer) };
}

/** For each target pixel of an axis two source pixels and their weights, of which {@link WEIGHT_ONE} is the sum. */
interface Neighbours {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstWeight: Int32Array;
  readonly secondWeight: Int32Array;
}

/** Beyond an edge OpenCV takes one pixel with the whole weight across, and down the same line `two` times. */
function neighbours(axis: Axis, atEdges: "one" | "two"): Neighbours {
  const { sourceLength, targetLength, windowStart, windowLength } = axis;
  const empty = () => new Int32Array(windowLength);
  const found = { first: empty(), second: empty(), firstWeight: empty(), secondWeight: empty() };
  const last = sourceLength - 1;
  const scale = 1 / (targetLength / sourceLength);
  for (let i = 0; i < windowLength; i++) {
    const center = Math.fround((windowStart + i + 0.5) * scale - 0.5);
    const place = Math.floor(center);
    const isPast = place < 0 || place >= last;
    const fraction = isPast && atEdges === "one" ? 0 : Math.fround(center - place);
    found.first[i] = Math.min(Math.max(place, 0), last);
    found.second[i] = Math.min(Math.max(place + 1, 0), last);
    found.firstWeight[i] = roundHalfEven(Math.fround(1 - fraction) * WEIGHT_ONE);
    found.secondWeight[i] = roundHalfEven(fraction * WEIGHT_ONE);
  }
  return found;
}

/**
 * Returns a function that gives a source line at the width of the target; it keeps the last two, so the upper line of a
 * pair is to be asked for first. Units: pixels times {@link WEIGHT_ONE}, less their last 4 bits.
 */
function widenedLines(raster: Raster, columns: Neighbours, length: number): (y: number) => Int32Array {
  let [older, newer] = [0, 1].map(() => ({ y: -1, line: new Int32Array(length) })) as [KeptLine, KeptLine];
  return (y) => {
    if (newer.y !== y) {
      [older, newer] = [newer, older];
      if (newer.y !== y) widen(raster, y, columns, newer.line);
      newer.y = y;
    }
    return newer.line;
  };
}

interface KeptLine {
  y: number;
  readonly line: Int32Array;
}

function widen({ width, channels, data }: Raster, y: number, columns: Neighbours, line: Int32Array): void {
  const { first, second, firstWeight, secondWeight } = columns;
  const start = y * width * channels;
  for (let x = 0, at = 0; x < first.length; x++) {
    const left = start + (first[x] as number) * channels;
    const right = start + (second[x] as number) * channels;
    const [leftWeight, rightWeight] = [firstWeight[x] as number, secondWeight[x] as number];
    for (let channel = 0; channel < channels; channel++, at++) {
      const sum =
        (data[left + channel] as number) * leftWeight + (data[right + channel] as number) * rightWeight;
      line[at] = sum >> 4;
    }
  }
}
