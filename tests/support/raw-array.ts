import type { ArrayDType, ArrayFormat } from "../../src/tensor/array-format.ts";
import { toFloat16Bits } from "../../src/tensor/float16.ts";

/** Tells the number of a band at a pixel. */
export type NumberAt = (band: number, y: number, x: number) => number;

export interface ArraySize {
  readonly bands: number;
  readonly height: number;
  readonly width: number;
}

const WRITE: Record<ArrayDType, (view: DataView, at: number, value: number) => void> = {
  uint8: (view, at, value) => view.setUint8(at, value),
  int8: (view, at, value) => view.setInt8(at, value),
  uint16: (view, at, value) => view.setUint16(at * 2, value, true),
  int16: (view, at, value) => view.setInt16(at * 2, value, true),
  uint32: (view, at, value) => view.setUint32(at * 4, value, true),
  int32: (view, at, value) => view.setInt32(at * 4, value, true),
  float16: (view, at, value) => view.setUint16(at * 2, toFloat16Bits(value), true),
  float32: (view, at, value) => view.setFloat32(at * 4, value, true),
  float64: (view, at, value) => view.setFloat64(at * 8, value, true),
};

export const ITEM_BYTES: Readonly<Record<ArrayDType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float16: 2,
  float32: 4,
  float64: 8,
};

/** Returns the bytes of an array, little-endian, and its format with the layout. */
export function rawArray(
  numberAt: NumberAt,
  { bands, height, width }: ArraySize,
  dtype: ArrayDType,
  layout: "HWC" | "CHW" = "HWC",
): { bytes: Uint8Array<ArrayBuffer>; array: ArrayFormat } {
  const bytes = new Uint8Array(bands * height * width * ITEM_BYTES[dtype]);
  const view = new DataView(bytes.buffer);
  for (let band = 0; band < bands; band++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = layout === "HWC" ? (y * width + x) * bands + band : (band * height + y) * width + x;
        WRITE[dtype](view, at, numberAt(band, y, x));
      }
    }
  }
  const shape = layout === "HWC" ? [height, width, bands] : [bands, height, width];
  return { bytes, array: { dtype, shape, layout } };
}

/** Returns an array as a request holds it. */
export function arrayObject({ bytes, array }: ReturnType<typeof rawArray>): ArrayFormat & { b64: string } {
  return { b64: Buffer.from(bytes).toString("base64"), ...array };
}
