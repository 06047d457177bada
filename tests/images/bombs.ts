import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { animateWebp, repeatGifFrame } from "../support/images/animations.ts";
import { PNG_SIGNATURE, pngChunk } from "../support/images/png-chunk.ts";
import { writeTiff } from "../support/images/tiff-writer.ts";
import { headers } from "../unit/image/encoded-headers.ts";

/** A file that costs far more than its size, or says so. */
export interface Bomb {
  readonly name: string;
  readonly make: () => Promise<Buffer>;
  /** What the server is to say: 200, or an error's code. */
  readonly answer: 200 | "IMAGE_TOO_LARGE" | "INVALID_IMAGE";
}

const RGB_TIFF = [
  [258, 3, 8],
  [262, 3, 2],
  [277, 3, 3],
] as const;

const FRAME = { height: 16, width: 16 } as const;
const picture = sharp({ create: { ...FRAME, channels: 3, background: "#a05028" } });

/** Nothing but headers that say 65,535 pixels each way, or 2^31. */
export const LYING_HEADERS: readonly Bomb[] = [
  lie("PNG of 65,535 x 65,535", headers.png(65_535, 65_535)),
  lie("PNG of 2^31 - 1 each way", headers.png(0x7fffffff, 0x7fffffff)),
  lie("JPEG of 65,535 x 65,535", headers.jpeg(65_535, 65_535)),
  lie("GIF of 65,535 x 65,535", headers.gif([65_535, 65_535], [0, 0, 1, 1])),
  lie("WebP of 2^24 each way", headers.webpVp8x(1 << 24, 1 << 24)),
  lie("TIFF of 65,535 x 65,535", headers.tiff([[256, 4, 65_535], [257, 4, 65_535], ...RGB_TIFF])),
  lie("TIFF of 2^32 - 1 each way", headers.tiff([[256, 4, 0xffffffff], [257, 4, 0xffffffff], ...RGB_TIFF])),
  lie("BMP of 65,535 x 65,535", headers.bmp(65_535, 65_535)),
  lie("BMP of 2^31 - 1 each way", headers.bmp(0x7fffffff, 0x7fffffff)),
  // Within the limit, so that it is refused for what is missing.
  { ...lie("BMP of 7,000 x 7,000 without pixels", headers.bmp(7000, 7000)), answer: "INVALID_IMAGE" },
];

/** Whole files: refused by the pixels that they say, else decoded in bounded memory. */
export const BOMBS: readonly Bomb[] = [
  {
    name: "PNG of 14,000 x 14,000, one colour",
    make: async () => greyPng(14_000, 14_000),
    answer: "IMAGE_TOO_LARGE",
  },
  { name: "PNG of 7,000 x 7,000, one colour", make: async () => greyPng(7000, 7000), answer: 200 },
  { name: "PNG of 30,000 x 1", make: async () => greyPng(30_000, 1), answer: 200 },
  { name: "PNG of 1 x 30,000", make: async () => greyPng(1, 30_000), answer: 200 },
  {
    name: "GIF of 10,000 frames",
    make: async () => repeatGifFrame(await picture.clone().gif().toBuffer(), 10_000),
    answer: 200,
  },
  {
    name: "WebP of 10,000 frames",
    make: async () => {
      const still = await picture.clone().webp({ lossless: true }).toBuffer();
      return animateWebp(new Array<Buffer>(10_000).fill(still), FRAME);
    },
    answer: 200,
  },
  {
    name: "TIFF of 10,000 pages",
    make: async () => writeTiff({ ...FRAME, color: [160, 80, 40], pages: 10_000 }),
    answer: 200,
  },
  {
    name: "TIFF of 4,000 x 4,000 whose tiles are all the same bytes",
    make: async () => writeTiff({ height: 4000, width: 4000, color: [160, 80, 40], tileEdge: 256 }),
    answer: 200,
  },
];

/** A photograph of 20 megapixels: what a camera makes. */
export async function largePhoto(): Promise<Buffer> {
  const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
  const create = { width: 5472, height: 3648, channels: 3, background: "#000", noise } as const;
  return sharp({ create }).jpeg({ quality: 85 }).toBuffer();
}

function lie(name: string, bytes: Buffer): Bomb {
  return { name, make: async () => bytes, answer: "IMAGE_TOO_LARGE" };
}

/** Returns a PNG of white pixels, one bit each. */
function greyPng(height: number, width: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0], 8);
  const line = Buffer.alloc(1 + Math.ceil(width / 8), 0xff).fill(0, 0, 1);
  const pixels = deflateSync(Buffer.concat(new Array<Buffer>(height).fill(line)));
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk("IHDR", header),
    pngChunk("IDAT", pixels),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}
