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
 * Ultralytics moves the boxes of class c by c times this many pixels and lets all suppress each other. In float32 that
 * costs the boxes of high classes their last bits, which a threshold can show.
 */
const CLASS_OFFSET_PIXELS = 7680;

/**
 * Returns the best boxes that do not overlap a better one of their class: greedy non-maximum suppression.
 *
 * Order: best first; of equal scores, the order of `candidates`. Only the best 30,000 are looked at, and each
 * is compared with kept ones only. The arithmetic is theirs, in float32.
 *
 * @see ultralytics/ultralytics `ultralytics/utils/nms.py` non_max_suppression
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
    const box = candidate.box.map((edge) => moved(edge, candidate.class)) as [number, number, number, number];
    if (rivals.some((rival) => overlap(rival, box) > iouThreshold)) continue;
    kept.push(candidate);
    if (kept.length === maxDetections) break;
    rivals.push(box);
    keptOfClass.set(candidate.class, rivals);
  }
  return kept;
}

const { fround } = Math;

function moved(edge: number, index: number): number {
  return fround(fround(edge) + index * CLASS_OFFSET_PIXELS);
}

/** Returns the intersection over union of two boxes, 0..1; 0 where they share no area. */
function overlap(a: Box, b: Box): number {
  const width = fround(Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const height = fround(Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  if (!(width > 0 && height > 0)) return 0;
  const shared = fround(width * height);
  return fround(shared / fround(fround(area(a) + area(b)) - shared));
}

function area([x1, y1, x2, y2]: Box): number {
  return fround(fround(x2 - x1) * fround(y2 - y1));
}
