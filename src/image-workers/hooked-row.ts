import { type DecodeOptions, decodeImage } from "../image/decode.ts";
import { preprocess } from "../image/preprocess.ts";
import type { Geometry, PreprocessSpec } from "../image/preprocess-spec.ts";
import type { Raster } from "../image/raster.ts";
import { checkPixelCount } from "../image/read-header.ts";
import { toFloat16Bits } from "../tensor/float16.ts";
import { elementCount, fitsSpec, formatShape, type Tensor } from "../tensor/tensor.ts";
import { callHook } from "./call-hook.ts";
import type { HandlerImage, HandlerRow, ImageContext } from "./handler.ts";
import type { ImageHooks } from "./image-task.ts";
import { importHandler } from "./load-handler.ts";

export interface HookedRowOptions {
  readonly bytes: Uint8Array;
  readonly spec: PreprocessSpec;
  readonly maxImagePixels: number;
  readonly hooks: ImageHooks;
  /** Pixels that were decoded before: no `decode` is called. */
  readonly raster?: Raster | undefined;
  /** Called with what was decoded, which the next hook may change. */
  readonly onDecoded?: ((raster: Raster) => void) | undefined;
}

export interface HookedRow {
  readonly row: Tensor;
  readonly geometry: Geometry;
  /** On the clock of `performance.now()`. */
  readonly decodedMs: number;
}

/**
 * Returns the row of an image that passes a handler's hooks on its way.
 *
 * Order: `decode`, else the server's decoder → `preprocess` → the recipe, unless `preprocess` gave a finished row.
 *
 * @throws {ServingError} what the decoder and the recipe throw; IMAGE_TOO_LARGE when a hook's image has more pixels
 * than `maxImagePixels`; what `callHook` throws.
 */
export async function hookedRow({
  bytes,
  spec,
  maxImagePixels,
  hooks,
  raster: given,
  onDecoded,
}: HookedRowOptions): Promise<HookedRow> {
  const handler = await importHandler(hooks.url);
  const context = contextOf(spec, hooks, maxImagePixels);
  const channels = spec.color === "L" ? 1 : 3;
  const decoded =
    given ??
    (await callHook("decode", async () => {
      const image = await handler.decode?.(bytes, context);
      return image === undefined ? undefined : checkImage(image, channels);
    }));
  if (decoded !== undefined) checkPixelCount(decoded, maxImagePixels);
  const options: DecodeOptions = { color: spec.color === "L" ? "L" : "RGB", maxImagePixels };
  const raster = decoded ?? (await decodeImage(bytes, options));
  const decodedMs = performance.now();
  onDecoded?.(raster);
  const changed = await callHook("preprocess", async () => {
    if (handler.preprocess === undefined) return raster;
    const returned: unknown = await handler.preprocess(plainImage(raster), context);
    return isRow(returned) ? checkRow(returned, context) : checkImage(returned, channels);
  });
  if ("dtype" in changed) return { row: changed, geometry: wholeImage(raster, changed, spec), decodedMs };
  checkPixelCount(changed, maxImagePixels);
  return { ...preprocess(changed, spec), decodedMs };
}

function contextOf(spec: PreprocessSpec, { input }: ImageHooks, maxImagePixels: number): ImageContext {
  const { rescaleFactor, rescaleOffset, mean, std, layout, dtype } = spec;
  // A model of bands has no image hooks: the start refuses them.
  const color = spec.color === "bands" ? "RGB" : spec.color;
  return {
    input: { name: input.name, dtype, shape: input.shape.slice(1), layout },
    recipe: { color, rescaleFactor, rescaleOffset, mean, std },
    maxImagePixels,
  };
}

/** Not the Buffer that a decoder may give: its `slice` does not copy. */
function plainImage({ height, width, channels, data }: Raster): HandlerImage {
  return { height, width, channels, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

function isRow(returned: unknown): returned is HandlerRow {
  return typeof returned === "object" && returned !== null && "shape" in returned;
}

/** @throws {TypeError} that says what was expected and what came. */
function checkImage(returned: unknown, channels: 1 | 3): Raster {
  const { height, width, data, ...image } = Object(returned) as Partial<HandlerImage>;
  if (!isEdge(height) || !isEdge(width) || image.channels !== channels || !isBytes(data)) {
    const got = JSON.stringify({ height, width, channels: image.channels, data: nameOf(data) });
    throw new TypeError(
      `expected { height, width, channels: ${channels}, data: Uint8Array }, the hook returned ${got}`,
    );
  }
  if (data.length === height * width * channels) return { height, width, channels, data };
  throw new TypeError(
    `expected ${height} x ${width} x ${channels} levels, the hook returned ${data.length} in data`,
  );
}

/** @throws {TypeError} that says what was expected and what came. */
function checkRow({ shape, data }: HandlerRow, { input }: ImageContext): Tensor {
  const isFitting = Array.isArray(shape) && shape.every(isEdge) && fitsSpec(shape, input.shape);
  if (!isFitting) {
    throw new TypeError(
      `expected a row of shape ${formatShape(input.shape)}, the hook returned ${JSON.stringify(shape)}`,
    );
  }
  const isTyped = input.dtype === "uint8" ? isBytes(data) : data instanceof Float32Array;
  if (!isTyped || data.length !== elementCount(shape)) {
    const expected = input.dtype === "uint8" ? "Uint8Array" : "Float32Array";
    throw new TypeError(
      `expected ${elementCount(shape)} elements in a ${expected}, the hook returned ${data?.length} in ${nameOf(data)}`,
    );
  }
  // Copied, since the row's memory moves to another thread and the handler may use its own again.
  const own = input.dtype === "float16" ? Uint16Array.from(data, toFloat16Bits) : data.slice();
  return { dtype: input.dtype, shape: [...shape], data: own };
}

/** A finished row stands for the whole image, resized. */
function wholeImage(source: Raster, { shape }: Tensor, { layout }: PreprocessSpec): Geometry {
  const [height = 0, width = 0] = layout === "CHW" ? shape.slice(1) : shape;
  const row = { height, width };
  return { source: { height: source.height, width: source.width }, resized: row, top: 0, left: 0, row };
}

function isEdge(size: unknown): size is number {
  return Number.isInteger(size) && (size as number) > 0;
}

function isBytes(data: unknown): data is Uint8Array {
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray;
}

function nameOf(data: unknown): string {
  return Object.prototype.toString.call(data).slice(8, -1);
}
