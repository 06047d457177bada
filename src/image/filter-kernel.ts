import type { KernelFilter } from "./preprocess-spec.ts";

/** A resampling filter as a function of the distance from its centre, in source pixels at scale 1. */
export interface FilterKernel {
  /** The filter is zero further than this from its centre. */
  readonly support: number;
  readonly weigh: (distance: number) => number;
}

/**
 * Returns the convolution kernel of every filter but `nearest`, which is no convolution.
 *
 * @see python-pillow/Pillow `src/libImaging/Resample.c`, the filter functions
 */
export const FILTER_KERNELS: Readonly<Record<KernelFilter, FilterKernel>> = {
  // Open on the left, so that a source pixel on the border of two boxes counts once.
  box: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weigh: hamming },
  bicubic: { support: 2, weigh: bicubic },
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

// Pillow writes these two constants as C floats.
const HAMMING_BASE = Math.fround(0.54);
const HAMMING_SWING = Math.fround(0.46);

function hamming(distance: number): number {
  const x = Math.abs(distance);
  if (x === 0) return 1;
  return x >= 1 ? 0 : sinc(x) * (HAMMING_BASE + HAMMING_SWING * Math.cos(x * Math.PI));
}

/** Keys' cubic convolution with a = -0.5 (Catmull-Rom), in Horner's form: the order of operations decides the last bit. */
function bicubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
