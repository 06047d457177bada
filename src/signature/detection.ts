import type { Extent } from "./row-origin.ts";

/** One thing in a picture. */
export interface Detection {
  /** Units: pixels of the model's input, or of the source image, as the function that returns it says. */
  readonly box: Box;
  readonly score: number;
  /** The class's number as the model gives it. */
  readonly class: number;
}

/** Left, top, right and bottom edge; x grows to the right, y downwards. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** Returns the box around a centre; all four numbers are multiplied by the extent of one unit. */
export function boxAround(
  [x, y, width, height]: readonly [x: number, y: number, width: number, height: number],
  unit: Extent,
): Box {
  return [
    (x - width / 2) * unit.width,
    (y - height / 2) * unit.height,
    (x + width / 2) * unit.width,
    (y + height / 2) * unit.height,
  ];
}

/** Best first; of equal scores, in the model's order (a sort keeps it). */
export function byScore(a: Detection, b: Detection): number {
  return b.score - a.score;
}
