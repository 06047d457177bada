const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/**
 * Returns the half-precision bits nearest to `value`, ties to even, as `numpy.float16` rounds.
 * Values past 65504 become infinite.
 *
 * @see IEEE 754-2019, 3.4 (binary16) and 4.3.1 (roundTiesToEven)
 */
export function toFloat16Bits(value: number): number {
  float[0] = value;
  const word = bits[0] ?? 0;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  const absolute = Math.abs(value);
  if (absolute >= 65520) return sign | 0x7c00;
  // Below 2^-14 the spacing is fixed at 2^-24; above, ten fraction bits below the exponent's.
  const exponent = absolute < 2 ** -14 ? -14 : Math.floor(Math.log2(absolute));
  const spacing = 2 ** (exponent - 10);
  const steps = roundTiesToEven(absolute / spacing);
  return sign | (exponent === -14 ? steps : ((exponent + 14) << 10) + steps);
}

/** Returns the number that half-precision `half` bits stand for. */
export function fromFloat16Bits(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function roundTiesToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
