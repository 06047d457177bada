import { type Color, classColor } from "./class-colors.ts";

/** A class for each pixel, row-major. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly classes: ArrayLike<number>;
}

/** How much of a mask a class has. */
export interface ClassShare {
  readonly index: number;
  readonly share: number;
}

/**
 * Returns the classes of a `mask_png` that was drawn in its own colours: the palette deals a class's bits to the high bits of
 * red, green and blue in turn.
 *
 * Shapes: `pixels` `[height, width, 4]`, RGBA → `[height, width]`.
 *
 * @see VOCdevkit `VOCcode/VOClabelcolormap.m`
 */
export function classesOfColors(pixels: ArrayLike<number>): Uint8Array {
  return Uint8Array.from({ length: pixels.length / 4 }, (_, pixel) => {
    let index = 0;
    for (let bit = 0; bit < 8; bit++) {
      const channel = pixels[pixel * 4 + (bit % 3)] ?? 0;
      index |= ((channel >> (7 - Math.floor(bit / 3))) & 1) << bit;
    }
    return index;
  });
}

/** Returns the mask of a `base64_prediction` whose bytes are these; those of uint16 are little-endian. */
export function maskOfBytes(bytes: Uint8Array, shape: readonly number[], dtype: string): Mask {
  const [height = 0, width = 0] = shape;
  if (dtype === "uint8") return { width, height, classes: bytes };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const classes = Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(i * 2, true));
  return { width, height, classes };
}

/** Returns the classes that a mask holds, the largest first. */
export function classShares({ classes }: Mask): readonly ClassShare[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < classes.length; i++) {
    const index = classes[i] ?? 0;
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  return [...counts]
    .map(([index, count]) => ({ index, share: count / classes.length }))
    .sort((a, b) => b.share - a.share || a.index - b.index);
}

/** Returns what a canvas shows: each class in its colour, those that are hidden clear. Shapes: `[height, width, 4]`. */
export function paintMask(
  { classes }: Mask,
  isHidden: (index: number) => boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(classes.length * 4);
  const colors = new Map<number, Color | undefined>();
  for (let i = 0; i < classes.length; i++) {
    const index = classes[i] ?? 0;
    if (!colors.has(index)) colors.set(index, isHidden(index) ? undefined : classColor(index));
    const color = colors.get(index);
    if (color === undefined) continue;
    pixels.set(color, i * 4);
    pixels[i * 4 + 3] = 255;
  }
  return pixels;
}
