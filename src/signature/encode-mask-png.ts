import { crc32, deflateSync } from "node:zlib";
import type { Extent } from "./row-origin.ts";

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
/** 8 bits for each pixel, which are numbers of a palette. */
const PALETTE_IMAGE = [8, 3, 0, 0, 0];

/**
 * Returns a mask as a PNG of 8-bit palette numbers: a reader that keeps the palette (Pillow's mode P) gets the
 * classes back, any other a picture with a colour for each class.
 *
 * Shapes: `mask` `[height, width]`, row-major, one byte for each pixel.
 *
 * @see https://www.w3.org/TR/png-3/ sections 11.2 and 12
 */
export function encodeMaskPng(mask: Uint8Array, { height, width }: Extent): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(PALETTE_IMAGE, 8);
  // Each line begins with the number of its filter: 0, none, is the best for palette numbers.
  const lines = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    lines.set(mask.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", PALETTE),
    chunk("IDAT", deflateSync(lines, { level: 6 })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, content: Uint8Array): Buffer {
  const framed = Buffer.alloc(content.length + 12);
  framed.writeUInt32BE(content.length, 0);
  framed.write(type, 4, "latin1");
  framed.set(content, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, content.length + 8)), content.length + 8);
  return framed;
}

/**
 * Red, green and blue of 256 classes: the bits of a class's number are dealt to the three colours in turn, the
 * lowest to the highest bit, so that neighbours differ most. Class 0 is black, 255 nearly white.
 *
 * @see VOCdevkit `VOCcode/VOClabelcolormap.m`
 */
const PALETTE = Uint8Array.from({ length: 256 * 3 }, (_, i) => {
  const number = Math.floor(i / 3);
  let color = 0;
  for (let bit = 0; bit < 8; bit++) {
    color |= ((number >> (3 * bit + (i % 3))) & 1) << (7 - bit);
  }
  return color;
});
