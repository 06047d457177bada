import type { Box } from "./detection.ts";
import type { RowOrigin } from "./row-origin.ts";

/**
 * Returns a box of the row in the source image: letterbox, crop and resize are undone, what lies outside is cut off.
 *
 * Units: pixels of the row → pixels of the source, 0 to its width and height.
 *
 * @returns undefined when nothing of it is in the source image.
 */
export function toSourceBox(box: Box, { source, resized, top, left }: RowOrigin): Box | undefined {
  const across = (x: number) => clamp(((x + left) * source.width) / resized.width, source.width);
  const down = (y: number) => clamp(((y + top) * source.height) / resized.height, source.height);
  const [x1, y1, x2, y2] = [across(box[0]), down(box[1]), across(box[2]), down(box[3])];
  // Not `x2 <= x1`: a box of NaN is nowhere.
  return x2 > x1 && y2 > y1 ? [x1, y1, x2, y2] : undefined;
}

function clamp(value: number, limit: number): number {
  return Math.min(Math.max(value, 0), limit);
}
