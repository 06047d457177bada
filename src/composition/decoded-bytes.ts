import { identifyImage } from "../image/identify.ts";
import { readHeader } from "../image/read-header.ts";
import type { EncodedImage } from "../image-workers/image-task.ts";

/** Red, green and blue. */
const CHANNELS = 3;

/**
 * Returns the bytes that an image's pixels will take, as its header says. 0 for what is no image, whose decoder says so,
 * and for a raw array, which is not decoded.
 */
export function decodedBytes({ bytes, array }: EncodedImage, maxImagePixels: number): number {
  if (array !== undefined) return 0;
  try {
    const found = identifyImage(bytes);
    if (found.kind !== "image") return 0;
    const { height, width } = readHeader(bytes, found.format, maxImagePixels);
    return height * width * CHANNELS;
  } catch {
    return 0;
  }
}
