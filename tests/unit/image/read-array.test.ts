import { describe, expect, test } from "vitest";
import { readArray } from "../../../src/image/read-array.ts";
import { ARRAY_DTYPES, type ArrayFormat } from "../../../src/tensor/array-format.ts";
import { type NumberAt, rawArray } from "../../support/raw-array.ts";

const numbered: NumberAt = (band, y, x) => band * 20 + y * 4 + x;
const SIZE = { bands: 2, height: 3, width: 4 };
const PLANES = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31],
];

function read(bytes: Uint8Array, format: ArrayFormat, bands = 2, maxImagePixels = 1000) {
  return readArray(bytes, format, { bands, maxImagePixels });
}

describe("readArray", () => {
  test.each(ARRAY_DTYPES.flatMap((dtype) => [[dtype, "HWC"] as const, [dtype, "CHW"] as const]))(
    "reads bands of %s, %s",
    (dtype, layout) => {
      const { bytes, array } = rawArray(numbered, SIZE, dtype, layout);
      const Data = dtype === "uint8" ? Uint8Array : Float32Array;
      const expected = PLANES.map((plane) => ({ height: 3, width: 4, channels: 1, data: Data.from(plane) }));
      expect(read(bytes, array)).toEqual(expected);
      // The same where the array says no layout, and where its bytes begin at an odd place.
      const moved = new Uint8Array(bytes.length + 1);
      moved.set(bytes, 1);
      expect(read(moved.subarray(1), { dtype: array.dtype, shape: array.shape })).toEqual(expected);
    },
  );

  test.each([
    ["int8", -128],
    ["int16", -32768],
    ["uint16", 65535],
    ["int32", -(2 ** 31)],
    ["uint32", 2 ** 31],
    ["float16", -0.5],
    ["float32", Number.NEGATIVE_INFINITY],
    ["float64", Number.NaN],
  ] as const)("keeps the %s %d", (dtype, value) => {
    const { bytes, array } = rawArray(() => value, SIZE, dtype);
    expect(read(bytes, array)[1]?.data).toEqual(new Float32Array(12).fill(value));
  });

  test("rounds wider types to float32", () => {
    const wide = rawArray(() => 2 ** 24 + 1, SIZE, "int32");
    expect(read(wide.bytes, wide.array)[0]?.data[0]).toBe(2 ** 24);
    const fine = rawArray(() => 0.1, SIZE, "float64");
    expect(read(fine.bytes, fine.array)[0]?.data[0]).toBe(Math.fround(0.1));
  });

  test.each(["uint8", "float32"] as const)("copies no whole band of %s", (dtype) => {
    const { bytes, array } = rawArray(numbered, SIZE, dtype, "CHW");
    for (const { data } of read(bytes, array)) expect(data.buffer).toBe(bytes.buffer);
  });

  test("takes two axes for one band, whatever the layout", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
    for (const layout of ["HWC", "CHW"] as const) {
      expect(read(bytes, { dtype: "uint8", shape: [2, 3], layout }, 1)).toMatchObject([
        { height: 2, width: 3 },
      ]);
    }
  });

  test("takes the stated layout where both ends are the model's bands", () => {
    const bytes = new Uint8Array(2 * 3 * 2);
    const shape = [2, 3, 2];
    expect(read(bytes, { dtype: "uint8", shape, layout: "HWC" })).toMatchObject([
      { height: 2, width: 3 },
      {},
    ]);
    expect(read(bytes, { dtype: "uint8", shape, layout: "CHW" })).toMatchObject([
      { height: 3, width: 2 },
      {},
    ]);
    expect(() => read(bytes, { dtype: "uint8", shape })).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: 'expected "layout": "HWC" or "CHW" beside the array: [2, 3, 2] has 2 at both ends',
      }),
    );
  });

  test.each([
    [
      "other bands",
      { shape: [4, 4, 3] },
      6,
      "expected an array of 6 bands, which the model takes, got [4, 4, 3]",
    ],
    [
      "bands at the other end",
      { shape: [6, 4, 4], layout: "HWC" },
      6,
      "expected an array of 6 bands, which the model takes, got [6, 4, 4] HWC",
    ],
    [
      "bands at the first end",
      { shape: [4, 4, 6], layout: "CHW" },
      6,
      "expected an array of 6 bands, which the model takes, got [4, 4, 6] CHW",
    ],
    [
      "grey for three bands",
      { shape: [4, 4] },
      3,
      "expected an array of 3 bands, which the model takes, got [4, 4]",
    ],
    [
      "two axes, the first of them the bands",
      { shape: [3, 4] },
      3,
      "expected an array of 3 bands, which the model takes, got [3, 4]",
    ],
    [
      "three bands for grey",
      { shape: [4, 4, 3] },
      1,
      "expected an array of 1 band, which the model takes, got [4, 4, 3]",
    ],
  ] as const)("refuses %s", (_, format, bands, message) => {
    expect(() => read(new Uint8Array(96), { dtype: "uint8", ...format }, bands)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
    );
  });

  test("refuses more pixels than the limit before it looks at a byte", () => {
    const shape = [1_000_000, 1_000_000, 6];
    expect(() => read(new Uint8Array(), { dtype: "float64", shape }, 6)).toThrow(
      expect.objectContaining({ code: "IMAGE_TOO_LARGE" }),
    );
    const within = { dtype: "uint8", shape: [20, 50] } as const;
    expect(read(new Uint8Array(1000), within, 1)).toHaveLength(1);
    expect(() => read(new Uint8Array(1000), within, 1, 999)).toThrow(
      expect.objectContaining({ code: "IMAGE_TOO_LARGE" }),
    );
  });
});
