/** Height and width in pixels. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** Where a row's pixels came from in the source image: resized as a whole, then cut at `top`, `left`. */
export interface RowOrigin {
  readonly source: Extent;
  readonly resized: Extent;
  readonly top: number;
  readonly left: number;
  readonly row: Extent;
  /** The part of the row that shows the image, where a crop was padded. @default the row */
  readonly seen?: Extent & { readonly top: number; readonly left: number };
}
