import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Jimp } from "jimp";
import sharp, { type Sharp } from "sharp";
import { paintPicture } from "../../src/bench/paint-picture.ts";

const SIZE = { height: 24, width: 40 };

type Encoding = (picture: Sharp) => Sharp;

/** One of each kind that a decoder has code of its own for. */
const ENCODINGS: readonly Encoding[] = [
  (picture) => picture.jpeg({ quality: 80 }),
  (picture) => picture.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }),
  (picture) => picture.jpeg({ progressive: true }),
  (picture) => picture.jpeg({ mozjpeg: true }),
  (picture) => picture.grayscale().jpeg(),
  (picture) => picture.toColourspace("cmyk").jpeg(),
  (picture) => picture.withExif({ IFD0: { Copyright: "nobody" } }).jpeg(),
  (picture) => picture.png(),
  (picture) => picture.png({ progressive: true }),
  (picture) => picture.png({ palette: true }),
  (picture) => picture.png({ palette: true, colours: 2 }),
  (picture) => picture.toColourspace("rgb16").png(),
  (picture) => picture.toColourspace("grey16").png(),
  (picture) => picture.ensureAlpha(0.5).png(),
  (picture) => picture.grayscale().png(),
  (picture) => picture.gif(),
  (picture) => picture.webp(),
  (picture) => picture.webp({ lossless: true }),
  (picture) => picture.ensureAlpha(0.5).webp({ quality: 60 }),
  (picture) => picture.tiff({ compression: "none" }),
  (picture) => picture.tiff({ compression: "lzw", predictor: "horizontal" }),
  (picture) => picture.tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }),
  (picture) => picture.tiff({ compression: "jpeg" }),
  (picture) => picture.tiff({ compression: "packbits" }),
  (picture) => picture.tiff({ compression: "none", bigtiff: true }),
  (picture) => picture.toColourspace("rgb16").tiff({ compression: "none" }),
  (picture) => picture.grayscale().tiff({ compression: "none", bitdepth: 1 }),
];

/** Returns small images of every format that is decoded, and those of a folder; the same for the same seed. */
export async function imageCollection(seed: number, folder: string | undefined): Promise<readonly Buffer[]> {
  const pixels = paintPicture(seed, SIZE);
  const picture = sharp(pixels, { raw: { ...SIZE, channels: 3 } });
  const encoded = await Promise.all(ENCODINGS.map((encode) => encode(picture.clone()).toBuffer()));
  const own = folder === undefined ? [] : readFolder(folder);
  return [...encoded, await bmp(picture), ...(await animations(picture)), ...own];
}

async function bmp(picture: Sharp): Promise<Buffer> {
  const png = await picture.clone().png().toBuffer();
  return (await Jimp.read(png)).getBuffer("image/bmp");
}

async function animations(picture: Sharp): Promise<Buffer[]> {
  const frames = await Promise.all(
    [0, 90, 180].map((hue) => picture.clone().modulate({ hue }).png().toBuffer()),
  );
  const animated = sharp(frames, { join: { animated: true } });
  return Promise.all([animated.clone().gif().toBuffer(), animated.clone().webp().toBuffer()]);
}

function readFolder(folder: string): Buffer[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => readFileSync(join(folder, name)));
}
