import { move, transferableSymbol, valueSymbol } from "piscina";
import { HandlerError, ServingError, toServingError } from "../errors.ts";
import { decodeImage } from "../image/decode.ts";
import { identifyImage } from "../image/identify.ts";
import { preprocess } from "../image/preprocess.ts";
import { preprocessBands } from "../image/preprocess-bands.ts";
import type { Raster } from "../image/raster.ts";
import { readArray } from "../image/read-array.ts";
import { FORMAT_NAMES } from "../image/read-header.ts";
import { renderSignature } from "../signature/render-signature.ts";
import { isTensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { hookedRow } from "./hooked-row.ts";
import type {
  ImageTask,
  ImageTaskOutcome,
  PreprocessedImage,
  PreprocessTask,
  TaskError,
} from "./image-task.ts";
import { loadHandler } from "./load-handler.ts";
import { runPostprocess } from "./run-postprocess.ts";

/**
 * One task of an image worker. Never rejects for what a caller sent or a handler did: that comes back as data. An
 * internal error does, and carries its stack to the log.
 */
export async function runImageTask(task: ImageTask): Promise<unknown> {
  try {
    switch (task.kind) {
      case "preprocess": {
        const image = await toRow(task);
        return moved({ result: image }, image.row.data);
      }
      case "render":
        return movedValue(renderSignature(task.signature, task.head, task.result, task.parameters));
      case "postprocess":
        return movedValue(await runPostprocess(task));
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
  const { bytes, array, slot, spec, maxImagePixels, hooks } = task;
  const startMs = performance.now();
  if (hooks !== undefined) {
    if (array !== undefined) {
      const expected = "expected an encoded image, which the model's handler.mjs works on";
      throw new ServingError("INVALID_ARGUMENT", `${expected}, got a raw array`);
    }
    const { decodedMs, ...image } = await hookedRow({ bytes, spec, maxImagePixels, hooks });
    return { ...image, decodeMs: decodedMs - startMs, preprocessMs: performance.now() - decodedMs };
  }
  const decoded =
    array === undefined
      ? await decodePicture(task)
      : readArray(bytes, array, { bands: spec.mean.length, maxImagePixels });
  const decodedMs = performance.now();
  const { row, geometry } = Array.isArray(decoded)
    ? preprocessBands(decoded, spec, slot)
    : preprocess(decoded, spec, slot);
  const endMs = performance.now();
  return { row, geometry, decodeMs: decodedMs - startMs, preprocessMs: endMs - decodedMs };
}

function decodePicture({ bytes, spec, maxImagePixels }: PreprocessTask): Promise<Raster> {
  if (spec.color === "bands") {
    const found = identifyImage(bytes);
    const got = found.kind === "image" ? FORMAT_NAMES[found.format] : found.looksLike;
    throw new ServingError(
      "INVALID_ARGUMENT",
      `the model takes ${spec.mean.length} bands: expected a raw array {"b64", "shape", "dtype", "layout"}, got ${got}`,
    );
  }
  return decodeImage(bytes, { color: spec.color === "L" ? "L" : "RGB", maxImagePixels });
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
