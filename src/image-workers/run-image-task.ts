import { move, transferableSymbol, valueSymbol } from "piscina";
import { ServingError, toServingError } from "../errors.ts";
import { decodeImage } from "../image/decode.ts";
import { identifyImage } from "../image/identify.ts";
import { preprocess } from "../image/preprocess.ts";
import { preprocessBands } from "../image/preprocess-bands.ts";
import type { Raster } from "../image/raster.ts";
import { readArray } from "../image/read-array.ts";
import { FORMAT_NAMES } from "../image/read-header.ts";
import { renderSignature } from "../signature/render-signature.ts";
import { isTensor } from "../tensor/tensor.ts";
import type { ImageTaskOutcome, PreprocessedImage, PreprocessTask, RenderTask } from "./image-task.ts";

/**
 * One task of an image worker. Never rejects for what a caller sent: that comes back as data. An internal
 * error does, and carries its stack to the log.
 */
export async function runImageTask(task: PreprocessTask | RenderTask): Promise<unknown> {
  try {
    if (task.kind === "preprocess") {
      const image = await toRow(task);
      return moved({ result: image }, image.row.data);
    }
    const value = renderSignature(task.signature, task.head, task.result, task.parameters);
    return moved({ result: value }, isTensor(value) ? value.data : []);
  } catch (thrown) {
    const { code, message } = toServingError(thrown);
    if (code === "INTERNAL") throw thrown;
    return { error: { code, message } } satisfies ImageTaskOutcome;
  }
}

async function toRow(task: PreprocessTask): Promise<PreprocessedImage> {
  const { bytes, array, spec, maxImagePixels } = task;
  const startMs = performance.now();
  const decoded =
    array === undefined
      ? await decodePicture(task)
      : readArray(bytes, array, { bands: spec.mean.length, maxImagePixels });
  const decodedMs = performance.now();
  const { row, geometry } = Array.isArray(decoded)
    ? preprocessBands(decoded, spec)
    : preprocess(decoded, spec);
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

/** Hands the outcome to the pool with its large array moved, not copied. */
function moved(outcome: ImageTaskOutcome, data: ArrayBufferView | readonly string[]): unknown {
  const memory = ArrayBuffer.isView(data) && data.byteLength === data.buffer.byteLength ? [data.buffer] : [];
  return move({ [transferableSymbol]: memory, [valueSymbol]: outcome });
}
