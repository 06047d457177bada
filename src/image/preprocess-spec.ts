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

/** Most channels of a row: no sensor has more bands. */
export const MAX_BANDS = 512;

/** How a row is filled up to a multiple of pixels. */
export const PAD_METHODS = ["zeros", "around", "mirror"] as const;

/** Both edges are filled up to a multiple of `multipleOf` pixels. */
export interface PadMultiple {
  readonly multipleOf: number;
  /**
   * `zeros`: below and to the right. `around`: zeros on both sides, the smaller half first, as DPT's processor does.
   * `mirror`: below and to the right, the edge mirrored, and a whole multiple more where an edge is one already,
   * as Swin2SR's does.
   */
  readonly method: (typeof PAD_METHODS)[number];
}

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
      /**
       * How the edges are rounded where `maxEdgePixels` binds: DETR's processors round the shorter one half to even.
       * `half_up`: ViLT's, both edges, also where it does not bind. @default "floor"
       */
      readonly maxEdgeRounding?: CropRounding | "half_up";
      /** Then each edge goes to a multiple of these pixels: `down` as YOLOS does, `up` as MaskFormer does. */
      readonly multipleOf?: { readonly pixels: number; readonly direction: "down" | "up" };
      readonly filter: Filter;
    }
  /** The longer edge to `edgePixels`, the other in proportion, both rounded half up, as SAM's processor does. */
  | { readonly kind: "longest_edge"; readonly edgePixels: number; readonly filter: Filter }
  /** Its own size, each edge cut down to a multiple of these pixels, as GLPN's processor does. */
  | { readonly kind: "multiple"; readonly pixels: number; readonly filter: Filter }
  /**
   * As large as fits into this size, in proportion, the fractions cut: Hugging Face's `max_height`, `max_width`;
   * or rounded half to even, as timm's ResizeKeepRatio does. @default "floor"
   */
  | { readonly kind: "fit"; readonly size: Size; readonly rounding?: CropRounding; readonly filter: Filter }
  /** As small as covers this size, in proportion, rounded half to even, as timm's ResizeKeepRatio does. */
  | { readonly kind: "cover"; readonly size: Size; readonly filter: Filter }
  /**
   * In proportion, one edge as in `size`: the one that changes the image less. Both to the nearest multiple of
   * `multipleOf` pixels, half to even, as DPT's processor does.
   */
  | { readonly kind: "nearest"; readonly size: Size; readonly multipleOf: number; readonly filter: Filter }
  /** As Perceiver's: the centre, these shares of the source's shorter edge, is cut out; then that box is resized. */
  | { readonly kind: "share"; readonly share: Size; readonly size: Size; readonly filter: Filter }
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
  /**
   * What the image is converted to before anything else; its channels are the row's. "bands": no picture but a raw
   * array, with as many bands as there are means.
   */
  readonly color: "RGB" | "BGR" | "L" | "bands";
  readonly resize?: Resize;
  /** Cut from the centre; where the image is smaller, filled with `cropFill` before rescaling. */
  readonly centerCrop?: Size;
  /** A value 0..255 for each channel, in the order of RGB. @default black */
  readonly cropFill?: readonly number[];
  /**
   * Where an odd difference between the image and its crop goes. `floor`, Hugging Face's: `(size - crop) // 2`.
   * `half_even`, torchvision's: `round((size - crop) / 2)` as Python rounds, and `(crop - size) // 2` zeros before
   * a smaller image. @default "floor"
   */
  readonly cropRounding?: CropRounding;
  /** Added after the normalisation: zeros below and to the right, until the row has this size, or to a multiple. */
  readonly padTo?: Size | PadMultiple;
  /** A pixel v in 0..255 becomes `v * rescaleFactor + rescaleOffset`, in float32. */
  readonly rescaleFactor: number;
  /** The factor is for levels 0..255: an array of another type than uint8 keeps its numbers. @default false */
  readonly isFactorForBytes?: boolean;
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
  /** The part of the row that shows the image, where a crop was padded: what was cut off lies under the padding. */
  readonly seen?: Size & { readonly top: number; readonly left: number };
}
