import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { preprocess } from "../../../src/image/preprocess.ts";
import { preprocessBands } from "../../../src/image/preprocess-bands.ts";
import type { PreprocessSpec } from "../../../src/image/preprocess-spec.ts";
import type { Raster } from "../../../src/image/raster.ts";
import { readArray } from "../../../src/image/read-array.ts";
import { ARRAY_DTYPES } from "../../../src/tensor/array-format.ts";
import { fromFloat16Bits, toFloat16Bits } from "../../../src/tensor/float16.ts";
import { type NumberAt, rawArray } from "../../support/raw-array.ts";

const SPEC: PreprocessSpec = {
  color: "bands",
  rescaleFactor: 1,
  rescaleOffset: 0,
  mean: [0, 0],
  std: [1, 1],
  layout: "CHW",
  dtype: "float32",
};

const { fround } = Math;

function floats(...bands: number[][]): Raster<Float32Array>[] {
  return bands.map((band) => ({ height: 1, width: band.length, channels: 1, data: Float32Array.from(band) }));
}

/** Numbers without order that every type holds exactly. */
const hashed: NumberAt = (band, y, x) => (band * 31 + y * 17 + x * 7 + x * y * 3) % 128;

describe("preprocessBands", () => {
  const axis = fc.integer({ min: 1, max: 6 });
  const numbers = fc.record({
    factor: fc.double({ min: -2, max: 2, noNaN: true }),
    offset: fc.double({ min: -2, max: 2, noNaN: true }),
    mean: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 9 }),
    std: fc.double({ min: 0.01, max: 3, noNaN: true }),
  });

  test("gives each number of the array its place in the row, rescaled and normalised", () => {
    const given = fc.record({
      height: axis,
      width: axis,
      numbers,
      dtype: fc.constantFrom(...ARRAY_DTYPES),
      from: fc.constantFrom("HWC", "CHW"),
      layout: fc.constantFrom("HWC", "CHW"),
      half: fc.boolean(),
    });
    fc.assert(
      fc.property(
        given,
        ({ height, width, numbers: { factor, offset, mean, std }, dtype, from, layout, half }) => {
          const bands = mean.length;
          const { bytes, array } = rawArray(hashed, { bands, height, width }, dtype, from);
          const spec: PreprocessSpec = {
            ...SPEC,
            rescaleFactor: factor,
            rescaleOffset: offset,
            mean,
            std: mean.map(() => std),
            layout,
            dtype: half ? "float16" : "float32",
          };
          const { row } = preprocessBands(readArray(bytes, array, { bands, maxImagePixels: 100 }), spec);
          expect(row.shape).toEqual(layout === "CHW" ? [bands, height, width] : [height, width, bands]);
          for (let band = 0; band < bands; band++) {
            for (let y = 0; y < height; y++) {
              for (let x = 0; x < width; x++) {
                const at =
                  layout === "CHW" ? (band * height + y) * width + x : (y * width + x) * bands + band;
                const rescaled = fround(fround(hashed(band, y, x) * factor) + fround(offset));
                const value = fround(fround(rescaled - fround(mean[band] ?? 0)) / fround(std));
                expect(row.data[at]).toBe(half ? toFloat16Bits(value) : value);
              }
            }
          }
        },
      ),
    );
  });

  test.each(["RGB", "BGR"] as const)("gives bytes of three bands the row of the picture, for %s", (color) => {
    const resize = { kind: "exact", size: { height: 9, width: 14 }, filter: "bicubic" } as const;
    const numbers = { rescaleFactor: 1 / 255, mean: [0.4, 0.5, 0.6], std: [0.1, 0.2, 0.3] };
    const spec: PreprocessSpec = { ...SPEC, ...numbers, color, resize, centerCrop: { height: 8, width: 15 } };
    const size = { bands: 3, height: 12, width: 11 };
    const { bytes } = rawArray(hashed, size, "uint8");
    const picture = preprocess({ ...size, channels: 3, data: bytes }, spec);
    for (const layout of ["HWC", "CHW"] as const) {
      const { bytes, array } = rawArray(hashed, size, "uint8", layout);
      const planes = readArray(bytes, array, { bands: 3, maxImagePixels: 1000 });
      expect(preprocessBands(planes, spec)).toEqual(picture);
    }
  });

  test("turns three bands of floats around for BGR, each with the mean of its place in the row", () => {
    const spec: PreprocessSpec = { ...SPEC, color: "BGR", mean: [1, 2, 3], std: [1, 1, 1] };
    const { row } = preprocessBands(floats([10], [20], [30]), spec);
    expect(row.data).toEqual(Float32Array.of(29, 18, 7));
  });

  test("rescales bytes alone where the factor is for bytes", () => {
    const spec = { ...SPEC, rescaleFactor: 1 / 255, isFactorForBytes: true };
    expect(preprocessBands(floats([255], [51]), spec).row.data).toEqual(Float32Array.of(255, 51));
    const bytes = [255, 51].map((level) => ({
      height: 1,
      width: 1,
      channels: 1 as const,
      data: Uint8Array.of(level),
    }));
    expect(preprocessBands(bytes, spec).row.data).toEqual(Float32Array.of(1, fround(0.2)));
    expect(preprocessBands(floats([255], [51]), { ...spec, isFactorForBytes: false }).row.data).toEqual(
      Float32Array.of(1, fround(0.2)),
    );
  });

  test("lets NaN and infinity through, and spreads NaN no further than the filter reaches", () => {
    const broken = floats([1, Number.NaN, 3, 4], [Number.POSITIVE_INFINITY, 2, 3, 4]);
    expect(preprocessBands(broken, SPEC).row.data).toEqual(
      Float32Array.of(1, Number.NaN, 3, 4, Number.POSITIVE_INFINITY, 2, 3, 4),
    );
    const half = preprocessBands(broken, { ...SPEC, dtype: "float16" }).row.data as Uint16Array;
    expect(fromFloat16Bits(half[1] as number)).toBeNaN();
    const resize = { kind: "exact", size: { height: 1, width: 2 }, filter: "box" } as const;
    expect(preprocessBands(broken, { ...SPEC, resize }).row.data.slice(0, 2)).toEqual(
      Float32Array.of(Number.NaN, 3.5),
    );
  });

  test("pads below and to the right after the normalisation", () => {
    const spec: PreprocessSpec = { ...SPEC, mean: [1, 1], padTo: { height: 2, width: 3 } };
    expect(preprocessBands(floats([5, 6], [7, 8]), spec).row).toMatchObject({
      shape: [2, 2, 3],
      data: Float32Array.of(4, 5, 0, 0, 0, 0, 6, 7, 0, 0, 0, 0),
    });
  });

  test("fills a letterbox with its grey, and says where the array's pixels are in the row", () => {
    const resize = {
      kind: "letterbox",
      size: { height: 4, width: 4 },
      filter: "bilinear",
      fill: 114,
    } as const;
    const { row, geometry } = preprocessBands(floats([1, 1], [2, 2]), { ...SPEC, resize });
    expect(geometry).toMatchObject({ source: { height: 1, width: 2 }, top: -1, left: 0 });
    expect([row.data[0], row.data[4], row.data[20]]).toEqual([114, 1, 2]);
  });

  test("feeds uint8 as it is to a model of uint8, and refuses it other numbers", () => {
    const spec: PreprocessSpec = { ...SPEC, dtype: "uint8", rescaleFactor: 1 / 255 };
    const { bytes, array } = rawArray(hashed, { bands: 2, height: 2, width: 2 }, "uint8", "CHW");
    const planes = readArray(bytes, array, { bands: 2, maxImagePixels: 4 });
    expect(preprocessBands(planes, spec).row).toMatchObject({ dtype: "uint8", data: bytes });
    expect(() => preprocessBands(floats([1], [2]), spec)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  test("refuses to make a small array of many bands a huge row", () => {
    const mean = new Array<number>(256).fill(0);
    const resize = { kind: "shortest_edge", edgePixels: 512, filter: "bilinear" } as const;
    const thin = floats(...mean.map(() => [0, 0]));
    expect(() => preprocessBands(thin, { ...SPEC, mean, std: mean, resize })).toThrow(
      expect.objectContaining({ code: "IMAGE_TOO_LARGE" }),
    );
    expect(preprocessBands(thin.slice(0, 2), { ...SPEC, resize }).row.shape).toEqual([2, 512, 1024]);
  });

  test("says INTERNAL where there is no mean for each band", () => {
    expect(() => preprocessBands(floats([1]), SPEC)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
    expect(() => preprocessBands([], SPEC)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });
});
