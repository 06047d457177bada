/** Levels 0..255, or any numbers. */
export type Pixels = Uint8Array | Float32Array;

/**
 * Decoded pixels as `Image.convert("RGB")` or `convert("L")` gives them, or one band of a raw array. Shapes: data is
 * `[height, width, channels]`, row-major.
 */
export interface Raster<Data extends Pixels = Uint8Array> {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly data: Data;
}

/** Returns `length` zeros of the type of `like`. */
export function zeroPixels<Data extends Pixels>(like: Data, length: number): Data {
  return (like instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length)) as Data;
}

/** Height, then width, in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}
