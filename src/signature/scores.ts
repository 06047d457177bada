import { fromFloat16Bits } from "../tensor/float16.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Activation } from "./head.ts";

/**
 * Returns the elements as numbers; float16 bits are decoded, 64-bit integers may lose their last digits.
 */
export function toNumbers({ dtype, data }: Tensor): ArrayLike<number> {
  if (dtype === "float16") return Float32Array.from(data as Uint16Array, fromFloat16Bits);
  if (dtype === "int64" || dtype === "uint64") return Float64Array.from(data as BigInt64Array, Number);
  return data as Float32Array;
}

/**
 * Returns the probability of each class.
 *
 * Shapes: logits `[C]` → `[C]`. Computed in float64 and rounded once to float32; the largest logit is
 * subtracted first, so no finite logits overflow. NaN stays NaN and takes no part in the others' softmax.
 */
export function toScores(logits: ArrayLike<number>, activation: Activation): Float32Array {
  if (activation === "none") return Float32Array.from(logits);
  if (activation === "sigmoid") return Float32Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
  const largest = logits[argmax(logits)] ?? 0;
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => (Number.isNaN(power) ? total : total + power), 0);
  return Float32Array.from(powers, (power) => power / sum);
}

/** Returns the index of the largest element, the first of equal ones. NaN is never the largest; 0 where all are NaN. */
export function argmax(values: ArrayLike<number>): number {
  let best = Number.NEGATIVE_INFINITY;
  let index = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value > best) {
      best = value;
      index = i;
    }
  }
  return index;
}

/** Returns the indices of the `k` largest elements, best first, the smaller index first of equal ones, NaN last. */
export function topIndices(values: ArrayLike<number>, k: number): number[] {
  const order = Array.from({ length: values.length }, (_, i) => i);
  const rank = (i: number) => (Number.isNaN(values[i]) ? Number.NEGATIVE_INFINITY : (values[i] ?? 0));
  return order.sort((a, b) => rank(b) - rank(a) || a - b).slice(0, k);
}
