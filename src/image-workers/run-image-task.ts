import { move, transferableSymbol, valueSymbol } from "piscina";
import { toServingError } from "../errors.ts";
import { decodeImage } from "../image/decode.ts";
import { preprocess } from "../image/preprocess.ts";
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

async function toRow({ bytes, spec, maxImagePixels }: PreprocessTask): Promise<PreprocessedImage> {
  const startMs = performance.now();
  const raster = await decodeImage(bytes, { color: spec.color === "L" ? "L" : "RGB", maxImagePixels });
  const decodedMs = performance.now();
  const { row, geometry } = preprocess(raster, spec);
  const endMs = performance.now();
  return { row, geometry, decodeMs: decodedMs - startMs, preprocessMs: endMs - decodedMs };
}

/** Hands the outcome to the pool with its large array moved, not copied. */
function moved(outcome: ImageTaskOutcome, data: ArrayBufferView | readonly string[]): unknown {
  const memory = ArrayBuffer.isView(data) && data.byteLength === data.buffer.byteLength ? [data.buffer] : [];
  return move({ [transferableSymbol]: memory, [valueSymbol]: outcome });
}
