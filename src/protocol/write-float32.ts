import { floatText, writeText } from "./write-text.ts";

const POWERS_OF_TEN = Array.from({ length: 60 }, (_, exponent) => Number(`1e${exponent}`));
const MIN_NORMAL = 2 ** -126;
const scratch = new Uint8Array(10);
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/**
 * Writes a finite float32 as the shortest decimal that reads back the same float32 (of two, the nearer),
 * a whole one with `.0`, in exponent form below 1e-6 and from 1e21 as JavaScript does. Returns the offset
 * past it; takes at most 31 bytes.
 *
 * A double has 29 bits more than a float32: scaled by a power of ten it still tells which nine digits are
 * nearest. Two floats hold at most one decimal of six digits between them, so the search starts there.
 */
export function writeFloat32(bytes: Uint8Array, start: number, signed: number): number {
  let at = start;
  if (signed < 0 || Object.is(signed, -0)) bytes[at++] = 0x2d;
  const value = Math.abs(signed);
  if (value === 0) return writeText(bytes, at, "0.0");
  if (value < MIN_NORMAL) return writeText(bytes, at, subnormalText(value));

  let exponent = Math.floor(Math.log10(value));
  const sixDigits = scale(value, 5 - exponent);
  if (sixDigits < 1e5) exponent--;
  for (let power = 5 - exponent; power < 8 - exponent; power++) {
    const nearest = Math.round(scale(value, power));
    if (readsBack(nearest, power, value)) return writeDecimal(bytes, at, nearest, power);
    // Below a power of two the floats lie twice as close: only there can the farther decimal fit alone.
    if (isPowerOfTwo(value)) {
      if (readsBack(nearest + 1, power, value)) return writeDecimal(bytes, at, nearest + 1, power);
    }
  }
  return writeDecimal(bytes, at, Math.round(scale(value, 8 - exponent)), 8 - exponent);
}

/** Returns `value * 10^power`. */
function scale(value: number, power: number): number {
  return power >= 0 ? value * (POWERS_OF_TEN[power] as number) : value / (POWERS_OF_TEN[-power] as number);
}

/** Tells whether `digits * 10^-power` is read as the float32 `value`. */
function readsBack(digits: number, power: number, value: number): boolean {
  const decimal = scale(digits, -power);
  // Off by 3 units in the last of 53 bits at most: where that may decide, the digits are read in full.
  const [below, above] = [Math.fround(decimal * (1 - 1e-15)), Math.fround(decimal * (1 + 1e-15))];
  if (below === above) return below === value;
  return Math.fround(Number(`${digits}e${-power}`)) === value;
}

/** A power of two has no fraction bits. `value` is a normal float32. */
function isPowerOfTwo(value: number): boolean {
  float[0] = value;
  return ((bits[0] as number) & 0x7fffff) === 0;
}

/** Writes `digits * 10^-power` without trailing zeros, 1 <= digits <= 10^9. */
function writeDecimal(bytes: Uint8Array, start: number, allDigits: number, allPower: number): number {
  // As 32-bit integers: twice as fast as in doubles.
  let digits = allDigits | 0;
  let power = allPower;
  let count = 0;
  while (digits % 10 === 0) {
    digits = (digits / 10) | 0;
    power--;
  }
  for (; digits > 0; digits = (digits / 10) | 0) scratch[count++] = 0x30 + (digits % 10);
  // Digits stand in `scratch` last first; the point comes after the first `whole` of them.
  const whole = count - power;
  let at = start;
  if (whole > 21 || whole < -5) {
    bytes[at++] = scratch[count - 1] as number;
    if (count > 1) bytes[at++] = 0x2e;
    for (let i = count - 2; i >= 0; i--) bytes[at++] = scratch[i] as number;
    return writeText(bytes, at, whole > 0 ? `e+${whole - 1}` : `e${whole - 1}`);
  }
  if (whole <= 0) {
    at = writeText(bytes, at, "0.");
    for (let i = whole; i < 0; i++) bytes[at++] = 0x30;
  }
  for (let i = 0; i < Math.max(count, whole); i++) {
    if (i === whole && whole > 0) bytes[at++] = 0x2e;
    bytes[at++] = i < count ? (scratch[count - 1 - i] as number) : 0x30;
  }
  return whole >= count ? writeText(bytes, at, ".0") : at;
}

/** Subnormal floats lie so far apart that fewer than six digits can do. */
function subnormalText(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return floatText(shorter);
  }
  return floatText(Number(value.toPrecision(9)));
}
