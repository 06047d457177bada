// The types of a model owner's own code. This file imports nothing, so that a handler can be checked against it alone.

/** What `handler.mjs` exports: one hook or more, and nothing else. */
export interface Handler {
  readonly decode?: Decode;
  readonly preprocess?: Preprocess;
  readonly postprocess?: Postprocess;
}

/**
 * Encoded bytes to pixels, before the server's own decoder sees them.
 *
 * @returns the pixels; undefined leaves these bytes to the server's decoder
 */
export type Decode = (bytes: Uint8Array, context: ImageContext) => Awaitable<HandlerImage | undefined>;

/**
 * Pixels to pixels, which then are resized and normalised as the model folder says; or to a finished row, which is fed
 * as it is.
 */
export type Preprocess = (image: HandlerImage, context: ImageContext) => Awaitable<HandlerImage | HandlerRow>;

/**
 * One row of the model's outputs, by their names, to the answer of signature `custom`.
 *
 * @returns JSON: null, booleans, numbers, strings, lists, objects; typed arrays (as lists), tensors (as nested lists)
 * and BigInts, also inside
 */
export type Postprocess = (
  outputs: Readonly<Record<string, HandlerTensor>>,
  context: PostprocessContext,
) => unknown;

export type Awaitable<Value> = Value | Promise<Value>;

/** Decoded pixels. Shapes: data is `[height, width, channels]`, row-major. Units: levels from 0 to 255. */
export interface HandlerImage {
  readonly height: number;
  readonly width: number;
  /** 1 (grey) where `recipe.color` is L, else 3: red, green, blue, also where it is BGR. */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** A row of the model's input, without the batch dimension. */
export interface HandlerRow {
  /** As `input.shape`, every size a number. */
  readonly shape: readonly number[];
  /** Row-major; a Uint8Array for an input of type uint8, else a Float32Array, which the server rounds for float16. */
  readonly data: Float32Array | Uint8Array;
}

/** What is known of the row that an image becomes. */
export interface ImageContext {
  readonly input: {
    readonly name: string;
    readonly dtype: "float32" | "float16" | "uint8";
    /** Without the batch dimension; a size that the graph leaves open is its name. */
    readonly shape: readonly (number | string)[];
    readonly layout: "CHW" | "HWC";
  };
  readonly recipe: {
    readonly color: "RGB" | "BGR" | "L";
    /** A level v becomes `(v * rescaleFactor + rescaleOffset - mean) / std`, for each channel in the order of `color`. */
    readonly rescaleFactor: number;
    readonly rescaleOffset: number;
    readonly mean: readonly number[];
    readonly std: readonly number[];
  };
  /** The bound of height * width, MAX_IMAGE_PIXELS. */
  readonly maxImagePixels: number;
}

/** A dense tensor in row-major order; the number of elements is the product of `shape`. */
export interface HandlerTensor {
  /** ONNX Runtime's name of the type: float32, int64 ... */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The array of its type; float16 as a Float32Array, bool as 0 and 1, string as a list. */
  readonly data:
    | Float32Array
    | Float64Array
    | Int8Array
    | Int16Array
    | Int32Array
    | BigInt64Array
    | Uint8Array
    | Uint16Array
    | Uint32Array
    | BigUint64Array
    | string[];
}

/** Height, then width, in pixels. */
export interface HandlerSize {
  readonly height: number;
  readonly width: number;
}

/** What is known of the row whose outputs are to be answered with. */
export interface PostprocessContext {
  /** The names of the classes, in order, where the model folder has them. */
  readonly labels?: readonly string[];
  /** Where the row's pixels came from; absent where the instance was a tensor. */
  readonly origin?: {
    /** The image as it was decoded, or as `preprocess` returned it. */
    readonly source: HandlerSize;
    /** The same after the resize. */
    readonly resized: HandlerSize;
    /** Top left corner of the row in the resized image, in pixels; negative where pixels were added. */
    readonly top: number;
    readonly left: number;
    readonly row: HandlerSize;
  };
  /** `parameters` of the request, as they were sent. */
  readonly parameters: Readonly<Record<string, unknown>>;
}
