import { describe, expect, test } from "vitest";
import { fromFloat16Bits, toFloat16Bits } from "../../../src/tensor/float16.ts";

const ALL_BITS = Array.from({ length: 65_536 }, (_, bits) => bits);
const INFINITY_BITS = 0x7c00;
const isNaNBits = (bits: number) => (bits & 0x7fff) > INFINITY_BITS;

/**
 * Decodes another way: half's exponent and fraction, moved into a float32, are 2^112 too small, and
 * the product is exact.
 */
function decodeByScaling(bits: number): number {
  const [magnitude] = new Float32Array(Uint32Array.of((bits & 0x7fff) << 13).buffer);
  const absolute = (bits & 0x7fff) === INFINITY_BITS ? Number.POSITIVE_INFINITY : (magnitude ?? 0) * 2 ** 112;
  return bits & 0x8000 ? -absolute : absolute;
}

/** Encodes another way: the nearest of all finite halves, the even one of two equally near. */
function encodeBySearch(value: number): number {
  let [below, above] = [0, INFINITY_BITS];
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if (decodeByScaling(middle) <= Math.abs(value)) below = middle;
    else above = middle;
  }
  // What follows 65504 in steps of 32 stands for infinity.
  const upper = above === INFINITY_BITS ? 65_536 : decodeByScaling(above);
  const [down, up] = [Math.abs(value) - decodeByScaling(below), upper - Math.abs(value)];
  const nearest = down < up || (down === up && below % 2 === 0) ? below : above;
  return (value < 0 ? 0x8000 : 0) | nearest;
}

describe("fromFloat16Bits", () => {
  test("decodes every pattern that is a number exactly, signed zeros and infinities among them", () => {
    const wrong = ALL_BITS.filter(
      (bits) => !isNaNBits(bits) && !Object.is(fromFloat16Bits(bits), decodeByScaling(bits)),
    );
    expect(wrong).toEqual([]);
  });

  test("decodes every NaN pattern to NaN", () => {
    expect(ALL_BITS.filter(isNaNBits).map(fromFloat16Bits).every(Number.isNaN)).toBe(true);
  });

  test.each([
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
  ])("decodes 0x%s to %d", (bits, value) => {
    expect(fromFloat16Bits(bits)).toBe(value);
  });
});

describe("toFloat16Bits", () => {
  test("gives back every pattern that is a number", () => {
    const wrong = ALL_BITS.filter(
      (bits) => !isNaNBits(bits) && toFloat16Bits(fromFloat16Bits(bits)) !== bits,
    );
    expect(wrong).toEqual([]);
  });

  test("makes any NaN a quiet one", () => {
    expect(isNaNBits(toFloat16Bits(Number.NaN))).toBe(true);
  });

  test.each([
    ["1 + 2^-11, between 1 and its successor: the even one is below", 1 + 2 ** -11, 0x3c00],
    ["1 + 3 * 2^-11: the even one is above", 1 + 3 * 2 ** -11, 0x3c02],
    ["just above a tie", 1 + 2 ** -11 + 2 ** -40, 0x3c01],
    ["2049, between 2048 and 2050", 2049, 0x6800],
    ["2051, between 2050 and 2052", 2051, 0x6802],
    ["half of the smallest number: zero is even", 2 ** -25, 0x0000],
    ["just above half of the smallest", 2 ** -25 + 2 ** -50, 0x0001],
    ["one and a half of the smallest", 1.5 * 2 ** -24, 0x0002],
    ["between the largest subnormal and the smallest normal", 1023.5 * 2 ** -24, 0x0400],
    ["just under the overflow", 65519.99, 0x7bff],
    ["the tie at the overflow", 65520, 0x7c00],
    ["past the overflow", -1e30, 0xfc00],
    ["minus zero", -0, 0x8000],
    ["a number too small for float32", -1e-60, 0x8000],
    ["Infinity", Number.POSITIVE_INFINITY, 0x7c00],
  ])("rounds %s", (_, value, bits) => {
    expect(toFloat16Bits(value)).toBe(bits);
  });

  test("rounds the middle of all neighbours, and both sides of it, as a search among all halves does", () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < INFINITY_BITS - 1; bits++) {
      const middle = (decodeByScaling(bits) + decodeByScaling(bits + 1)) / 2;
      for (const value of [middle, middle * (1 - 2 ** -30), -middle * (1 + 2 ** -30)]) {
        if (toFloat16Bits(value) !== encodeBySearch(value)) wrong.push(value);
      }
    }
    expect(wrong).toEqual([]);
  });
});
