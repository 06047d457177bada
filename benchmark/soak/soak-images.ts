import sharp, { type Sharp } from "sharp";
import { type PictureSize, paintPicture } from "../../src/bench/paint-picture.ts";

/** An encoded image. */
export interface SoakImage {
  readonly name: string;
  readonly pixels: number;
  readonly bytes: Buffer;
}

/** Height, then width: from icons to a photograph of 12 megapixels, of all aspects. */
const SIZES: readonly (readonly [number, number])[] = [
  [1, 1],
  [8, 8],
  [57, 33],
  [64, 64],
  [150, 200],
  [256, 256],
  [480, 640],
  [1200, 800],
  [1500, 2000],
  [3000, 4000],
];

const MAX_PAINTED_EDGE = 640;

/** How each format is written, and the largest image that people send in it. */
const FORMATS: Readonly<
  Record<string, { readonly maxPixels: number; readonly write: (picture: Sharp) => Promise<Buffer> }>
> = {
  jpeg: { maxPixels: 12e6, write: (picture) => picture.jpeg({ quality: 87 }).toBuffer() },
  "progressive jpeg": { maxPixels: 3e6, write: (picture) => picture.jpeg({ progressive: true }).toBuffer() },
  png: { maxPixels: 3e6, write: (picture) => picture.png({ compressionLevel: 1 }).toBuffer() },
  webp: { maxPixels: 1e6, write: (picture) => picture.webp({ effort: 0 }).toBuffer() },
  gif: { maxPixels: 1e5, write: (picture) => picture.gif({ effort: 1 }).toBuffer() },
  tiff: { maxPixels: 1e6, write: (picture) => picture.tiff({ compression: "lzw" }).toBuffer() },
  bmp: { maxPixels: 1e6, write: writeBmp },
};

/**
 * Returns images of all sizes in all formats that the server decodes; the same for the same seed.
 *
 * Order: small images first.
 */
export async function soakImages(seed: number): Promise<SoakImage[]> {
  const images: SoakImage[] = [];
  for (const [i, [height, width]] of SIZES.entries()) {
    const size: PictureSize = { height, width };
    const pixels = height * width;
    const data = await paint(seed + i, size);
    for (const [format, { maxPixels, write }] of Object.entries(FORMATS)) {
      if (pixels > maxPixels) continue;
      const bytes = await write(sharp(data, { raw: { ...size, channels: 3 } }));
      images.push({ name: `${width}x${height} ${format}`, pixels, bytes });
    }
  }
  return images;
}

/** Painting takes a second for each megapixel: large pictures are painted smaller. */
async function paint(seed: number, size: PictureSize): Promise<Uint8Array> {
  const scale = Math.max(1, Math.max(size.height, size.width) / MAX_PAINTED_EDGE);
  const painted = { height: Math.round(size.height / scale), width: Math.round(size.width / scale) };
  const picture = sharp(paintPicture(seed, painted), { raw: { ...painted, channels: 3 } });
  return picture
    .resize({ ...size, fit: "fill" })
    .raw()
    .toBuffer();
}

/** 24 bits a pixel, bottom-up; sharp writes none. */
async function writeBmp(picture: Sharp): Promise<Buffer> {
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  const { height, width } = info;
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const bmp = Buffer.alloc(54 + rowBytes * height);
  bmp.write("BM", "latin1");
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(width, 18);
  bmp.writeInt32LE(height, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    const line = data.subarray((height - 1 - y) * width * 3, (height - y) * width * 3);
    // Blue, green, red.
    for (let i = 0; i < line.length; i++)
      bmp[54 + y * rowBytes + i] = line[i - (i % 3) + 2 - (i % 3)] as number;
  }
  return bmp;
}
