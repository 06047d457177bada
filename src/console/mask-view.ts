import { percent } from "./bars.ts";
import { shareRow } from "./box-view.ts";
import { element } from "./element.ts";
import { type ClassShare, classesOfColors, type Mask, maskOfBytes, paintMask } from "./mask-pixels.ts";

/** Returns the mask of an answer of `mask_png`, `base64_prediction` or `mask`. */
export async function readMask(prediction: unknown): Promise<Mask> {
  if (Array.isArray(prediction)) {
    const rows = prediction as readonly (readonly number[])[];
    return { width: rows[0]?.length ?? 0, height: rows.length, classes: rows.flat() };
  }
  const answer = prediction as
    | { b64: string }
    | { base64_prediction: string; shape: number[]; dtype: string };
  if ("b64" in answer) return await readPng(toBytes(answer.b64));
  return maskOfBytes(toBytes(answer.base64_prediction), answer.shape, answer.dtype);
}

async function readPng(bytes: Uint8Array<ArrayBuffer>): Promise<Mask> {
  // The colours are numbers of classes: a screen's profile must not touch them.
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const { width, height } = picture;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("this browser has no canvas");
  context.drawImage(picture, 0, 0);
  picture.close();
  return { width, height, classes: classesOfColors(context.getImageData(0, 0, width, height).data) };
}

function toBytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Returns the mask as it lies over its image. */
export function maskLayer(mask: Mask, isHidden: (index: number) => boolean): HTMLElement {
  const { width, height } = mask;
  const canvas = element("canvas", { class: "layer mask", width, height, "aria-hidden": "true" });
  canvas.getContext("2d")?.putImageData(new ImageData(paintMask(mask, isHidden), width, height), 0, 0);
  return canvas;
}

/** Returns what shares of an image its classes have. */
export function shareList(shares: readonly ClassShare[], nameOf: (index: number) => string): HTMLElement {
  const list = element("ol", { class: "shares" });
  for (const { index, share } of shares) list.append(shareRow(index, nameOf(index), percent(share)));
  return list;
}
