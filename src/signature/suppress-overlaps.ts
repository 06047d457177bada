import { type Box, byScore, type Detection } from "./detection.ts";

export interface SuppressOptions {
  /** Intersection over union above which the weaker of two boxes of a class goes. Bounds: 0 to 1. */
  readonly iouThreshold: number;
  /** Most boxes to keep. Minimum: 1. */
  readonly maxDetections: number;
}

/** Ultralytics looks at no more either; with `maxDetections` it bounds the work. */
const MAX_CANDIDATES = 30_000;

/**
 * Returns the best boxes that do not overlap a better one of their class: greedy non-maximum suppression.
 *
 * Order: best first; of equal scores, the order of `candidates`. Only the best 30,000 are looked at, and each
 * is compared with kept ones only.
 *
 * @see pytorch/vision `torchvision/csrc/ops/cpu/nms_kernel.cpp`
 */
export function suppressOverlaps(
  candidates: readonly Detection[],
  { iouThreshold, maxDetections }: SuppressOptions,
): Detection[] {
  const kept: Detection[] = [];
  const keptOfClass = new Map<number, Box[]>();
  for (const candidate of candidates.toSorted(byScore).slice(0, MAX_CANDIDATES)) {
    const rivals = keptOfClass.get(candidate.class) ?? [];
    if (rivals.some((rival) => overlap(rival, candidate.box) > iouThreshold)) continue;
    kept.push(candidate);
    if (kept.length === maxDetections) break;
    rivals.push(candidate.box);
    keptOfClass.set(candidate.class, rivals);
  }
  return kept;
}

/** Returns the intersection over union of two boxes, 0..1; 0 where they have no area. */
function overlap([ax1, ay1, ax2, ay2]: Box, [bx1, by1, bx2, by2]: Box): number {
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (!(width > 0 && height > 0)) return 0;
  const shared = width * height;
  return shared / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared);
}
