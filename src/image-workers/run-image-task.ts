import { move, transferableSymbol, valueSymbol } from "piscina";
import { HandlerError, ServingError, toServingError } from "../errors.ts";
import { decodeImage } from "../image/decode.ts";
import { identifyImage } from "../image/identify.ts";
import { cropPixels, editPixels } from "../image/pixel-edit.ts";
import { preprocess } from "../image/preprocess.ts";
import { preprocessBands } from "../image/preprocess-bands.ts";
import type { PreprocessSpec } from "../image/preprocess-spec.ts";
import type { Pixels, Raster } from "../image/raster.ts";
import { readArray } from "../image/read-array.ts";
import { FORMAT_NAMES } from "../image/read-header.ts";
import { toGrey } from "../image/to-grey.ts";
import { renderSignature } from "../signature/render-signature.ts";
import { runTensorStep } from "../signature/tensor-step.ts";
import type { ArrayFormat } from "../tensor/array-format.ts";
import { recycledMemory } from "../tensor/recycled-memory.ts";
import { isTensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { hookedRow } from "./hooked-row.ts";
import type {
  ImageHooks,
  ImageTask,
  ImageTaskOutcome,
  PreprocessedImage,
  PreprocessTask,
  TaskError,
} from "./image-task.ts";
import { loadHandler } from "./load-handler.ts";
import { runPostprocess } from "./run-postprocess.ts";

/** What a larger image takes is given back. */
const KEPT_PIXEL_BYTES = 2 ** 24;

/** What a larger image took is given back before the next one is decoded. Errors of large ones are rare. */
const LARGE_PIXELS = 2 ** 22;

/** A worker has one image in work at a time, and is done with its pixels when the row is made: the next takes them. */
const pixelMemory = recycledMemory(KEPT_PIXEL_BYTES);

/**
 * One task of an image worker. Never rejects for what a caller sent or a handler did: that comes back as data. An
 * internal error does, and carries its stack to the log.
 */
export async function runImageTask(task: ImageTask): Promise<unknown> {
  try {
    switch (task.kind) {
      case "preprocess": {
        const image = await toRow(task);
        const { height, width } = image.geometry.source;
        if (height * width > LARGE_PIXELS) await collectGarbage();
        return moved({ result: image }, image.row.data);
      }
      case "render":
        return movedValue(renderSignature(task.signature, task.head, task.result, task.parameters));
      case "postprocess":
        return movedValue(await runPostprocess(task));
      case "tensor_step":
        return movedValue(runTensorStep(task.step, task.tensor));
      case "load_handler":
        return { result: await loadHandler(task.url) } satisfies ImageTaskOutcome;
    }
  } catch (thrown) {
    if (thrown instanceof HandlerError) return { error: handlerFault(thrown) } satisfies ImageTaskOutcome;
    const { code, message } = toServingError(thrown);
    if (code === "INTERNAL") throw thrown;
    return { error: { code, message } } satisfies ImageTaskOutcome;
  }
}

async function toRow(task: PreprocessTask): Promise<PreprocessedImage> {
  const { bytes, array, slot, spec, hooks } = task;
  const startMs = performance.now();
  if (hooks !== undefined) return toHookedRow(task, hooks);
  const decoded = array === undefined ? await decodePicture(task) : decodeArray(bytes, array, task);
  const decodedMs = performance.now();
  const { row, geometry } = Array.isArray(decoded)
    ? preprocessBands(decoded, spec, slot)
    : preprocess(decoded.raster, spec, slot);
  const pixels = Array.isArray(decoded) ? undefined : decoded.pixels;
  const endMs = performance.now();
  return {
    row,
    geometry,
    decodeMs: decodedMs - startMs,
    preprocessMs: endMs - decodedMs,
    ...(pixels && { pixels }),
  };
}

async function toHookedRow(task: PreprocessTask, hooks: ImageHooks): Promise<PreprocessedImage> {
  const { bytes, array, spec, maxImagePixels, keepsPixels } = task;
  const startMs = performance.now();
  if (array !== undefined) {
    const expected = "expected an encoded image, which the model's handler.mjs works on";
    throw new ServingError("INVALID_ARGUMENT", `${expected}, got a raw array`);
  }
  const raster = task.edits === undefined ? undefined : ownPixels((await decodePicture(task)).raster);
  let pixels: Raster | undefined;
  const onDecoded = keepsPixels
    ? (decoded: Raster) => {
        pixels = sharedPixels(decoded);
      }
    : undefined;
  const { decodedMs, ...image } = await hookedRow({ bytes, spec, maxImagePixels, hooks, raster, onDecoded });
  const preprocessMs = performance.now() - decodedMs;
  return { ...image, decodeMs: decodedMs - startMs, preprocessMs, ...(pixels && { pixels }) };
}

function decodeArray(
  bytes: Uint8Array,
  array: ArrayFormat,
  { spec, maxImagePixels, edits = [] }: PreprocessTask,
): Raster<Pixels>[] {
  const bands = readArray(bytes, array, { bands: spec.mean.length, maxImagePixels });
  return bands.map((band) =>
    edits.reduce((pixels, edit) => {
      if (edit.kind === "crop") return cropPixels(pixels, edit.box);
      throw new ServingError("INVALID_ARGUMENT", "expected an encoded image to resize, got a raw array");
    }, band),
  );
}

/** The picture as the row is made of it and, where they are wanted, its pixels as they were decoded. */
async function decodePicture(task: PreprocessTask): Promise<{ raster: Raster; pixels?: Raster }> {
  const { bytes, spec, maxImagePixels, decoded, edits = [], keepsPixels } = task;
  if (spec.color === "bands") {
    const found = identifyImage(bytes);
    const got = found.kind === "image" ? FORMAT_NAMES[found.format] : found.looksLike;
    throw new ServingError(
      "INVALID_ARGUMENT",
      `the model takes ${spec.mean.length} bands: expected a raw array {"b64", "shape", "dtype", "layout"}, got ${got}`,
    );
  }
  if (decoded === undefined && !keepsPixels && edits.length === 0) {
    const color = spec.color === "L" ? "L" : "RGB";
    return { raster: await decodeImage(bytes, { color, maxImagePixels, allocate: recycled }) };
  }
  const allocate = keepsPixels ? sharedBytes : recycled;
  const source =
    decoded === undefined
      ? await decodeImage(bytes, { color: "RGB", maxImagePixels, allocate })
      : { ...decoded, data: bytes };
  const raster = inColor(editPixels(source, edits), spec.color);
  return keepsPixels ? { raster, pixels: sharedPixels(source) } : { raster };
}

const recycled = (length: number) => pixelMemory("uint8", length) as Uint8Array;

const sharedBytes = (length: number) => new Uint8Array(new SharedArrayBuffer(length));

function sharedPixels(raster: Raster): Raster {
  if (raster.data.buffer instanceof SharedArrayBuffer) return raster;
  const data = sharedBytes(raster.data.length);
  data.set(raster.data);
  return { ...raster, data };
}

/** A hook may write into the pixels that it gets. */
function ownPixels(raster: Raster): Raster {
  return raster.data.buffer instanceof SharedArrayBuffer ? { ...raster, data: raster.data.slice() } : raster;
}

/** A handler's `decode` for a grey model gives grey pixels, of which another model's crops may be cut. */
function inColor(raster: Raster, color: PreprocessSpec["color"]): Raster {
  if (color === "L") return raster.channels === 1 ? raster : toGrey(raster);
  if (raster.channels === 3) return raster;
  const { height, width } = raster;
  const grey = Uint8Array.from({ length: height * width * 3 }, (_, i) => raster.data[Math.floor(i / 3)] ?? 0);
  return { height, width, channels: 3, data: grey };
}

function handlerFault({ code, message, cause }: HandlerError): TaskError {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  return { code, message, thrown: { message: error.message, stack: String(error.stack) } };
}

function movedValue(value: Value): unknown {
  return moved({ result: value }, isTensor(value) ? value.data : []);
}

/** Hands the outcome to the pool with its large array moved, not copied; one in a slot is there already. */
function moved(outcome: ImageTaskOutcome, data: ArrayBufferView | readonly string[]): unknown {
  const isAlone =
    ArrayBuffer.isView(data) &&
    data.buffer instanceof ArrayBuffer &&
    data.byteLength === data.buffer.byteLength;
  return move({ [transferableSymbol]: isAlone ? [data.buffer] : [], [valueSymbol]: outcome });
}
