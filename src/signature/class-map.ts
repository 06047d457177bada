import type { Tensor } from "../tensor/tensor.ts";
import type { Extent } from "./row-origin.ts";

/** Classes of the source pixels that the model never saw, because a crop cut them off: no class has that number. */
export const UNSEEN = { uint8: 255, uint16: 65_535 } as const;

/** Scores of every class at every place: `data` is `[classes, height, width]`, row-major. */
export interface ScoreMap extends Extent {
  readonly data: ArrayLike<number>;
  readonly classes: number;
  /** With a single class: the score above which a pixel is foreground (class 1). */
  readonly threshold: number;
}

/**
 * Returns the best class of every place.
 *
 * Shapes: `[C, h, w]` → `[h, w]`; uint8, or uint16 from 256 classes on. The lowest of equal classes wins; NaN never does.
 */
export function toClassMap({ height, width, data, classes, threshold }: ScoreMap): Tensor {
  const dtype = classMapDType(classes);
  const places = height * width;
  const classMap = allocateClasses(dtype, places);
  const best = new Float64Array(places).fill(Number.NEGATIVE_INFINITY);
  // Class after class, as the scores lie in memory: 512 x 512 x 21 take 20 ms.
  for (let channel = 0, at = 0; channel < classes; channel++) {
    for (let i = 0; i < places; i++, at++) {
      const score = data[at] as number;
      if (score > (best[i] as number)) {
        best[i] = score;
        classMap[i] = channel;
      }
    }
  }
  if (classes === 1) markForeground(best, threshold, classMap);
  return { dtype, shape: [height, width], data: classMap };
}

/** Writes 1 where a score passes the threshold, else 0. */
export function markForeground(
  scores: Float64Array,
  threshold: number,
  classes: Uint8Array | Uint16Array,
): void {
  for (let i = 0; i < scores.length; i++) classes[i] = (scores[i] as number) > threshold ? 1 : 0;
}

/** Returns the type of a map of classes: uint8 while 255 stays free for the pixels that the model never saw. */
export function classMapDType(classes: number): keyof typeof UNSEEN {
  return classes <= UNSEEN.uint8 ? "uint8" : "uint16";
}

/** Returns a map of `length` places, all of class 0. */
export function allocateClasses(dtype: keyof typeof UNSEEN, length: number): Uint8Array | Uint16Array {
  return dtype === "uint8" ? new Uint8Array(length) : new Uint16Array(length);
}
