/** Decoded pixels as `Image.convert("RGB")` or `convert("L")` gives them. Shapes: data is `[height, width, channels]`, row-major. */
export interface Raster {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Height, then width, in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}
