import type { Size } from "./raster.ts";

/** Pillow's resampling filters, by their names in `PIL.Image.Resampling`. */
export const FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] as const;

/** OpenCV's, by the names of its flags: the pixels of `cv2.INTER_LINEAR`, which does not smooth what it shrinks. */
export const CV2_FILTERS = ["cv2_linear"] as const;

export type Filter = (typeof FILTERS)[number] | (typeof CV2_FILTERS)[number];

/** The filters that are convolutions. */
export type KernelFilter = Exclude<(typeof FILTERS)[number], "nearest">;

/** What continues an image beyond its edges: its own pixels mirrored, black, or the edge's pixels. */
export const PAD_MODES = ["reflection", "zeros", "border"] as const;

export type PadMode = (typeof PAD_MODES)[number];

/** The rules by which a centre crop is rounded to whole pixels. */
export const CROP_ROUNDINGS = ["floor", "half_even"] as const;

export type CropRounding = (typeof CROP_ROUNDINGS)[number];

/** How the decoded image is brought to a size. */
export type Resize =
  /** To this size, whatever the aspect. */
  | { readonly kind: "exact"; readonly size: Size; readonly filter: Filter }
  /** The shorter edge to `edgePixels`, the other in proportion: `int(edge * long / short)`, as torchvision cuts it. */
  | {
      readonly kind: "shortest_edge";
      readonly edgePixels: number;
      /** The longer edge is at most this; then the shorter one shrinks below `edgePixels`. */
      readonly maxEdgePixels?: number;
      /** How the shorter edge is rounded where `maxEdgePixels` binds: DETR's processors round half to even. @default "floor" */
      readonly maxEdgeRounding?: CropRounding;
      readonly filter: Filter;
    }
  /** The longer edge to `edgePixels`, the other in proportion, both rounded half up, as SAM's processor does. */
  | { readonly kind: "longest_edge"; readonly edgePixels: number; readonly filter: Filter }
  /** As large as fits into this size, in proportion, the fractions cut: Hugging Face's `max_height`, `max_width`. */
  | { readonly kind: "fit"; readonly size: Size; readonly filter: Filter }
  /** As fastai 2: the centre cut to the aspect of `size`, or the image continued to it; then that box is resized. */
  | {
      readonly kind: "crop" | "pad";
      readonly size: Size;
      readonly filter: Filter;
      /** How `pad` continues it. @default "reflection" */
      readonly padMode?: PadMode;
    }
  /** As Ultralytics: as large as fits, rounded half to even, in the centre of `size`; around it grey of `fill`, 0..255. */
  | {
      readonly kind: "letterbox";
      readonly size: Size;
      readonly filter: Filter;
      readonly fill: number;
      /** The row is not all of `size`, but the resized image and grey to the next multiples of this. */
      readonly stride?: number;
    };

/**
 * From a decoded image to one row of the model's input, as the training code did it.
 * Order: colour → resize → centre crop → rescale → normalise → pad → layout.
 */
export interface PreprocessSpec {
  /** What the image is converted to before anything else; its channels are the row's. */
  readonly color: "RGB" | "BGR" | "L";
  readonly resize?: Resize;
  /** Cut from the centre; where the image is smaller, filled with zeros before rescaling. */
  readonly centerCrop?: Size;
  /**
   * Where an odd difference between the image and its crop goes. `floor`, Hugging Face's: `(size - crop) // 2`.
   * `half_even`, torchvision's: `round((size - crop) / 2)` as Python rounds, and `(crop - size) // 2` zeros before
   * a smaller image. @default "floor"
   */
  readonly cropRounding?: CropRounding;
  /** Zeros are added after the normalisation, below and to the right, until the row has this size. */
  readonly padTo?: Size;
  /** A pixel v in 0..255 becomes `v * rescaleFactor + rescaleOffset`, in float32. */
  readonly rescaleFactor: number;
  readonly rescaleOffset: number;
  /** Then `(v - mean) / std` for each channel, in the order of `color`, in float32. Same lengths. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly layout: "CHW" | "HWC";
  /** uint8 takes the pixels as they are: no rescaling, no normalisation. */
  readonly dtype: "float32" | "float16" | "uint8";
}

/** Where the pixels of a row came from; what a mask or a box needs to find its way back. */
export interface Geometry {
  /** Size of the decoded image. */
  readonly source: Size;
  /** Its size after the resize; where only a box was resized, what the whole would have become, with fractions. */
  readonly resized: Size;
  /** Top left corner of the row in the resized image, in pixels; negative where pixels were added. */
  readonly top: number;
  readonly left: number;
  /** Size of the row. */
  readonly row: Size;
}
