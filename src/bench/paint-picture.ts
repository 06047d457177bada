import { seededRandom } from "./seeded-random.ts";

/** Cells along an edge, and how far each octave moves the grey level: about 1/f, as in photographs. */
const OCTAVES = [
  [3, 56],
  [9, 28],
  [27, 14],
  [81, 16],
  [243, 26],
] as const;

export interface PictureSize {
  readonly height: number;
  readonly width: number;
}

/**
 * Returns a picture made of noise of all sizes, colour gradients and straight edges, so that it costs a decoder
 * what an aerial picture costs it. The same pixels for the same seed.
 *
 * Shapes: `[height, width, 3]`.
 */
export function paintPicture(seed: number, { height, width }: PictureSize): Uint8Array {
  const random = seededRandom(seed);
  const edge = Math.max(height, width);
  const layers = OCTAVES.map(([cells, range]) => noise(random, { edge, cells, range }));
  const tint = noise(random, { edge, cells: 2, range: 60 });
  const ground = [90 + 60 * random(), 95 + 60 * random(), 80 + 60 * random()];
  const fields = Array.from({ length: 5 }, () => field(random, edge));
  const pixels = new Uint8Array(height * width * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let light = 0;
      for (const layer of layers) light += layer(x, y);
      for (const half of fields) light += half(x, y);
      const warmth = tint(x, y);
      for (const [channel, base] of ground.entries()) {
        pixels[at++] = Math.max(0, Math.min(255, base + light + (channel - 1) * warmth));
      }
    }
  }
  return pixels;
}

type Brush = (x: number, y: number) => number;

/** Smooth noise in ±range / 2: random levels at the corners of a grid, bilinear between them. */
function noise(
  random: () => number,
  { edge, cells, range }: { readonly edge: number; readonly cells: number; readonly range: number },
): Brush {
  const side = cells + 2;
  const corners = Float32Array.from({ length: side * side }, () => (random() - 0.5) * range);
  return (x, y) => {
    const [u, v] = [(x * cells) / edge, (y * cells) / edge];
    const at = Math.floor(v) * side + Math.floor(u);
    const [right, down] = [u % 1, v % 1];
    const upper = (corners[at] ?? 0) * (1 - right) + (corners[at + 1] ?? 0) * right;
    const lower = (corners[at + side] ?? 0) * (1 - right) + (corners[at + side + 1] ?? 0) * right;
    return upper * (1 - down) + lower * down;
  };
}

/** A half-plane that is lighter or darker: a straight edge in any direction. */
function field(random: () => number, edge: number): Brush {
  const angle = random() * 2 * Math.PI;
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  const offset = (random() - 0.5) * edge;
  const step = (random() - 0.5) * 70;
  return (x, y) => ((x - edge / 2) * dx + (y - edge / 2) * dy > offset ? step : 0);
}
