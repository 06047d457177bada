import type { NamedImage } from "../client/image-source.ts";
import { encodeJpeg } from "../image/encode-jpeg.ts";
import { paintPicture } from "./paint-picture.ts";

/** Height and width of a picture, in pixels: what map servers send. */
export const PICTURE_EDGE_PIXELS = 256;

/** Returns `count` different pictures, each as costly to decode as an aerial one; the same for the same seed. */
export async function paintJpegs(count: number, seed = 256): Promise<NamedImage[]> {
  const size = { height: PICTURE_EDGE_PIXELS, width: PICTURE_EDGE_PIXELS };
  const images: NamedImage[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = await encodeJpeg(paintPicture(seed + i, size), size);
    images.push({ name: `${String(i).padStart(3, "0")}.jpg`, bytes });
  }
  return images;
}
