import { describe, expect, test } from "vitest";
import type { Box, Detection } from "../../../src/signature/detection.ts";
import { suppressOverlaps } from "../../../src/signature/suppress-overlaps.ts";

const OPTIONS = { iouThreshold: 0.45, maxDetections: 100 };

function thing(box: Box, score: number, index = 0): Detection {
  return { box, score, class: index };
}

/** Numbers from 0 to 1 that look random and are always the same. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Takes the best that is left again and again, and strikes out what overlaps it: the textbook's way. */
function slowNms(candidates: readonly Detection[], iouThreshold: number): Detection[] {
  let left = [...candidates];
  const kept: Detection[] = [];
  while (left.length > 0) {
    const best = left.reduce((a, b) => (b.score > a.score ? b : a));
    kept.push(best);
    left = left.filter(
      (other) => other !== best && (other.class !== best.class || iou(other.box, best.box) <= iouThreshold),
    );
  }
  return kept;
}

function iou(a: Box, b: Box): number {
  const area = ([x1, y1, x2, y2]: Box) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const shared = area([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ]);
  return shared === 0 ? 0 : shared / (area(a) + area(b) - shared);
}

describe("suppressOverlaps", () => {
  test.each([1, 2, 3, 4, 5])("agrees with striking out one after the other, seed %d", (seed) => {
    const next = noise(seed);
    const candidates = Array.from({ length: 300 }, () => {
      const [x, y] = [next() * 50, next() * 50];
      // Few distinct scores: many ties.
      return thing(
        [x, y, x + next() * 30, y + next() * 30],
        Math.round(next() * 20) / 20,
        Math.floor(next() * 3),
      );
    });
    for (const iouThreshold of [0, 0.3, 0.45, 1]) {
      const kept = suppressOverlaps(candidates, { iouThreshold, maxDetections: 1000 });
      expect(kept).toEqual(slowNms(candidates, iouThreshold));
    }
  });

  test("keeps what overlaps by the threshold and no more", () => {
    // 10 x 10 and its half: 50 / 100.
    const pair = [thing([0, 0, 10, 10], 0.9), thing([0, 0, 10, 5], 0.8)];
    expect(suppressOverlaps(pair, { ...OPTIONS, iouThreshold: 0.5 })).toHaveLength(2);
    expect(suppressOverlaps(pair, { ...OPTIONS, iouThreshold: 0.49 })).toEqual(pair.slice(0, 1));
  });

  test("keeps boxes of different classes in one place", () => {
    const pair = [thing([0, 0, 10, 10], 0.8, 0), thing([0, 0, 10, 10], 0.9, 1)];
    expect(suppressOverlaps(pair, OPTIONS)).toEqual(pair.toReversed());
  });

  test("does not let a suppressed box suppress another", () => {
    const chain = [thing([0, 0, 10, 10], 0.9), thing([4, 0, 14, 10], 0.8), thing([8, 0, 18, 10], 0.7)];
    expect(suppressOverlaps(chain, { ...OPTIONS, iouThreshold: 0.3 })).toEqual([chain[0], chain[2]]);
  });

  test("keeps the first of equal boxes with equal scores", () => {
    const pair = [thing([0, 0, 10, 10], 0.9), thing([0, 0, 10, 10], 0.9)];
    expect(suppressOverlaps(pair, OPTIONS)[0]).toBe(pair[0]);
  });

  test("takes the overlap in float32 of boxes moved by their class, as Ultralytics does", () => {
    // At 606,720 pixels (class 79) a float32 is a multiple of 1/16: 3.34 becomes 3.3125, and 6.6875 is above 2/3 of 10.
    const pair = (index: number) => [thing([0, 0, 10, 10], 0.9, index), thing([3.34, 0, 10, 10], 0.8, index)];
    const options = { ...OPTIONS, iouThreshold: 0.6675 };
    expect(suppressOverlaps(pair(0), options)).toHaveLength(2);
    expect(suppressOverlaps(pair(79), options)).toHaveLength(1);
  });

  test("keeps at most so many, and never more than 30,000 candidates are looked at", () => {
    const apart = Array.from({ length: 40_000 }, (_, i) => thing([i * 2, 0, i * 2 + 1, 1], 1 - i / 1e5));
    expect(suppressOverlaps(apart, { ...OPTIONS, maxDetections: 7 })).toEqual(apart.slice(0, 7));
    const piled = Array.from({ length: 40_000 }, (_, i) => thing([0, 0, 1, 1], 1 - i / 1e5));
    const [far] = [thing([9, 9, 10, 10], 0.001)];
    expect(suppressOverlaps([...piled, far], OPTIONS)).toEqual(piled.slice(0, 1));
  });
});
