import { ServingError } from "../errors.ts";
import { type ArrayDType, type ArrayFormat, arrayItemBytes } from "../tensor/array-format.ts";
import { fromFloat16Bits } from "../tensor/float16.ts";
import { formatShape } from "../tensor/tensor.ts";
import type { Pixels, Raster, Size } from "./raster.ts";
import { checkPixelCount } from "./read-header.ts";

export interface ReadArrayOptions {
  /** Bands that the model takes. */
  readonly bands: number;
  /** Bound of height * width, checked before anything is allocated. */
  readonly maxImagePixels: number;
}

/**
 * Returns the bands of a raw array, in its order: levels where it is of uint8, else its numbers as float32, to which
 * wider types are rounded. A band that is one piece of uint8 or float32 is a view of `bytes`.
 *
 * Shapes: `[h, w, bands]`, `[bands, h, w]` or `[h, w]` → `bands` times `[h, w, 1]`.
 *
 * @param bytes little-endian, as many as the format says
 * @throws {ServingError} INVALID_ARGUMENT when the array has other bands than the model, or its layout can't be told;
 * IMAGE_TOO_LARGE above `maxImagePixels`.
 */
export function readArray(
  bytes: Uint8Array,
  format: ArrayFormat,
  { bands, maxImagePixels }: ReadArrayOptions,
): Raster<Pixels>[] {
  const places = placeBands(format, bands);
  checkPixelCount(places, maxImagePixels);
  return Array.from({ length: bands }, (_, band) => readBand(bytes, format.dtype, places, band));
}

/** Where the numbers of a band stand: `start * band`, then every `step`. */
interface Places extends Size {
  readonly start: number;
  readonly step: number;
}

function placeBands({ shape, layout }: ArrayFormat, bands: number): Places {
  const isPlane = shape.length === 2;
  const [first = 0, second = 0, third = 1] = shape;
  const isLast = third === bands && (isPlane || layout !== "CHW");
  const isFirst = first === bands && !isPlane && layout !== "HWC";
  if (isLast && isFirst) {
    const got = `${formatShape(shape)} has ${bands} at both ends`;
    throw new ServingError("INVALID_ARGUMENT", `expected "layout": "HWC" or "CHW" beside the array: ${got}`);
  }
  if (isLast) return { height: first, width: second, start: 1, step: bands };
  if (isFirst) return { height: second, width: third, start: second * third, step: 1 };
  const expected = `an array of ${bands} ${bands === 1 ? "band" : "bands"}, which the model takes`;
  const got = `got ${formatShape(shape)}${layout === undefined ? "" : ` ${layout}`}`;
  throw new ServingError("INVALID_ARGUMENT", `expected ${expected}, ${got}`);
}

function readBand(bytes: Uint8Array, dtype: ArrayDType, places: Places, band: number): Raster<Pixels> {
  const { height, width, start, step } = places;
  const numbers = viewOf(bytes, dtype);
  const count = height * width;
  const first = start * band;
  if (step === 1 && (numbers instanceof Uint8Array || numbers instanceof Float32Array)) {
    return { height, width, channels: 1, data: numbers.subarray(first, first + count) };
  }
  const data = dtype === "uint8" ? new Uint8Array(count) : new Float32Array(count);
  const halves = dtype === "float16" ? halfNumbers() : undefined;
  for (let i = 0, at = first; i < count; i++, at += step) {
    const value = numbers[at] as number;
    data[i] = halves === undefined ? value : (halves[value] as number);
  }
  return { height, width, channels: 1, data };
}

const VIEWS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

/** The machines that ONNX Runtime runs on are little-endian, as the array is. */
function viewOf(bytes: Uint8Array, dtype: ArrayDType): InstanceType<(typeof VIEWS)[ArrayDType]> {
  const itemBytes = arrayItemBytes(dtype);
  const { buffer, byteOffset } = bytes.byteOffset % itemBytes === 0 ? bytes : bytes.slice();
  return new VIEWS[dtype](buffer as ArrayBuffer, byteOffset, bytes.length / itemBytes);
}

let halves: Float32Array | undefined;

/** The number of every half-precision bit pattern. */
function halfNumbers(): Float32Array {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => fromFloat16Bits(bits));
  return halves;
}
