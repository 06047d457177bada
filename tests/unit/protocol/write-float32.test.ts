import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeFloat32 } from "../../../src/protocol/write-float32.ts";

const bits = new Uint32Array(1);
const floats = new Float32Array(bits.buffer);

function fromBits(word: number): number {
  bits[0] = word;
  return floats[0] ?? Number.NaN;
}

function text(value: number): string {
  const bytes = Buffer.alloc(48);
  return bytes.toString("latin1", 0, writeFloat32(bytes, 0, value));
}

/** How many digits the shortest decimal needs, searched among the neighbours of every rounding. */
function fewestDigits(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const [mantissa = "", exponent = ""] = Math.abs(value)
      .toExponential(digits - 1)
      .split("e");
    const nearest = Number(mantissa.replace(".", ""));
    for (const candidate of [nearest - 1, nearest, nearest + 1]) {
      const decimal = Number(`${candidate}e${Number(exponent) - digits + 1}`);
      if (Math.fround(decimal) === Math.abs(value)) return digits;
    }
  }
  throw new Error(`nine digits do not tell ${value}`);
}

function digitsOf(written: string): number {
  return written.replace(/e.*|[-.]/g, "").replace(/^0+|0+$/g, "").length;
}

function check(value: number): void {
  const written = text(value);
  expect(Math.fround(JSON.parse(written)), written).toBe(value);
  expect(written).toMatch(/[.e]/);
  expect(digitsOf(written), written).toBeLessThanOrEqual(fewestDigits(value));
  const javaScript = String(JSON.parse(written));
  if (value !== 0) expect(written.replace(/\.0$/, "")).toBe(javaScript);
}

describe("writeFloat32", () => {
  test.each([
    [0.2, "0.2"],
    [0, "0.0"],
    [-0, "-0.0"],
    [3, "3.0"],
    [-1.5, "-1.5"],
    [9_000_000, "9000000.0"],
    [999_999, "999999.0"],
    [0.5, "0.5"],
    [0.0003, "0.0003"],
    [0.00003, "0.00003"],
    [555557.5, "555557.5"],
    [5.003, "5.003"],
    [16_777_216, "16777216.0"],
    [1435774380, "1435774300.0"],
    [1e20, "100000000000000000000.0"],
    [1e21, "1e+21"],
    [1e30, "1e+30"],
    [1e-6, "0.000001"],
    [1e-7, "1e-7"],
    [1.5e-10, "1.5e-10"],
    [3.4028234663852886e38, "3.4028235e+38"],
    [1.1754943508222875e-38, "1.1754944e-38"],
    [1.401298464324817e-45, "1e-45"],
  ])("writes %d as %s", (value, expected) => {
    expect(text(Math.fround(value))).toBe(expected);
  });

  test("writes the shortest decimal that reads back the same float32, whatever the bits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (word) => {
        const value = fromBits(word);
        if (Number.isFinite(value)) check(value);
      }),
      { numRuns: 5_000 },
    );
  });

  test("does so for scores between 0 and 1", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (score) => check(Math.fround(score))),
      { numRuns: 5_000 },
    );
  });

  test("does so beside every power of two and for the smallest floats", () => {
    for (let exponent = 1; exponent < 255; exponent++) {
      for (const offset of [-1, 0, 1]) check(fromBits((exponent << 23) + offset));
    }
    for (let word = 1; word < 500; word++) check(fromBits(word));
  });

  test("writes a power of two with one digit less where only the farther decimal fits", () => {
    const shorter = Array.from({ length: 254 }, (_, i) => fromBits((i + 1) << 23)).filter(
      (value) => digitsOf(text(value)) < digitsOf(byPrecision(value)),
    );
    expect(shorter.length).toBeGreaterThan(0);
  });
});

function byPrecision(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    if (Math.fround(Number(value.toPrecision(digits))) === value) return value.toPrecision(digits);
  }
  return value.toPrecision(9);
}
