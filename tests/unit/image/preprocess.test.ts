import { describe, expect, test } from "vitest";
import { pixelTables } from "../../../src/image/pixel-table.ts";
import { planGeometry } from "../../../src/image/plan-geometry.ts";
import { preprocess } from "../../../src/image/preprocess.ts";
import type { PreprocessSpec } from "../../../src/image/preprocess-spec.ts";
import type { Raster } from "../../../src/image/raster.ts";
import { fromFloat16Bits } from "../../../src/tensor/float16.ts";

const SPEC: PreprocessSpec = {
  color: "RGB",
  rescaleFactor: 1 / 255,
  rescaleOffset: 0,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  layout: "CHW",
  dtype: "float32",
};

function numbered(height: number, width: number): Raster {
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => i % 256);
  return { height, width, channels: 3, data };
}

describe("planGeometry", () => {
  test.each([
    // Even and odd differences, and images smaller than the crop: the floor of half the difference.
    [256, 224, 16],
    [255, 224, 15],
    [227, 224, 1],
    [225, 224, 0],
    [224, 224, 0],
    [223, 224, -1],
    [5, 8, -2],
    [1, 8, -4],
  ])("cuts an edge of %i to %i from %i on", (edge, crop, from) => {
    const size = { height: edge, width: edge };
    const geometry = planGeometry(size, { centerCrop: { height: crop, width: crop } });
    expect(geometry).toMatchObject({ source: size, resized: size, top: from, left: from });
  });

  test.each([
    // What Python's round() gives for half of the difference; for smaller images, the smaller half comes first.
    [225, 224, 0],
    [227, 224, 2],
    [229, 224, 2],
    [231, 224, 4],
    [232, 224, 4],
    [223, 224, 0],
    [5, 8, -1],
    [1, 8, -3],
  ])("cuts an edge of %i to %i from %i on, rounding half to even", (edge, crop, from) => {
    const size = { height: edge, width: edge };
    const centerCrop = { height: crop, width: crop };
    const geometry = planGeometry(size, { centerCrop, cropRounding: "half_even" });
    expect(geometry.top).toBe(from);
    expect(geometry.left).toBe(from);
  });

  test.each([
    ["letterbox", { height: 416, width: 640 }, { height: 416, width: 640 }, 112, 0],
    ["letterbox", { height: 100, width: 50 }, { height: 640, width: 320 }, 0, 160],
    ["crop", { height: 100, width: 50 }, { height: 1280, width: 640 }, -320, 0],
    ["pad", { height: 100, width: 50 }, { height: 640, width: 320 }, 0, 160],
  ] as const)("maps the row of a %s back to a source of %j", (kind, source, resized, before, left) => {
    const resize = { kind, size: { height: 640, width: 640 }, filter: "bilinear", fill: 114 } as const;
    const geometry = planGeometry(source, { resize });
    expect(geometry).toMatchObject({ source, resized, row: { height: 640, width: 640 } });
    expect(geometry.top + before).toBe(0);
    expect(geometry.left + left).toBe(0);
  });

  test.each([
    // An edge below one multiple becomes one; libraries fail there.
    [{ kind: "multiple", pixels: 32 }, [75, 20], [64, 32]],
    [{ kind: "nearest", size: { height: 64, width: 64 }, multipleOf: 14 }, [75, 50], [70, 42]],
    [{ kind: "nearest", size: { height: 8, width: 8 }, multipleOf: 4 }, [8, 900], [8, 900]],
    [{ kind: "fit", size: { height: 30, width: 70 }, rounding: "half_even" }, [75, 50], [30, 20]],
    [{ kind: "cover", size: { height: 30, width: 70 } }, [75, 50], [105, 70]],
    [{ kind: "cover", size: { height: 1, width: 1 } }, [1, 3], [1, 3]],
    [
      { kind: "shortest_edge", edgePixels: 40, multipleOf: { pixels: 16, direction: "down" } },
      [75, 50],
      [48, 32],
    ],
    [
      { kind: "shortest_edge", edgePixels: 8, multipleOf: { pixels: 16, direction: "down" } },
      [8, 40],
      [16, 32],
    ],
    [
      { kind: "shortest_edge", edgePixels: 40, maxEdgePixels: 899, maxEdgeRounding: "half_even" },
      [900, 3],
      [900, 3],
    ],
    [
      { kind: "shortest_edge", edgePixels: 32, maxEdgePixels: 53, maxEdgeRounding: "half_up" },
      [75, 40],
      [53, 28],
    ],
  ] as const)("resizes by %j from %j to %j", (resize, [height, width], [toHeight, toWidth]) => {
    const geometry = planGeometry({ height, width }, { resize: { ...resize, filter: "bilinear" } });
    expect(geometry.resized).toEqual({ height: toHeight, width: toWidth });
  });

  test("refuses a small image that its padding would make huge", () => {
    const padTo = { multipleOf: 65_535, method: "zeros" } as const;
    expect(() => planGeometry({ height: 2, width: 2 }, { padTo })).toThrow(
      expect.objectContaining({ code: "IMAGE_TOO_LARGE" }),
    );
  });

  test.each([
    [{ height: 416, width: 640 }, { height: 416, width: 640 }, 0, 0],
    [{ height: 100, width: 50 }, { height: 640, width: 320 }, 0, 0],
    [{ height: 333, width: 500 }, { height: 448, width: 640 }, 11, 0],
  ])("ends the row of a letterbox of %j at the stride: %j", (source, row, top, left) => {
    const resize = {
      kind: "letterbox",
      size: { height: 640, width: 640 },
      filter: "cv2_linear",
      fill: 114,
      stride: 32,
    } as const;
    const geometry = planGeometry(source, { resize });
    expect(geometry.row).toEqual(row);
    expect([geometry.top + top, geometry.left + left]).toEqual([0, 0]);
  });

  test("shrinks the shorter edge where the longer would pass its limit", () => {
    const resize = {
      kind: "shortest_edge",
      edgePixels: 800,
      maxEdgePixels: 1333,
      filter: "bilinear",
    } as const;
    expect(planGeometry({ height: 480, width: 1280 }, { resize }).resized).toEqual({
      height: 499,
      width: 1333,
    });
  });

  test("refuses a thin image whose row would be huge, unless the crop cuts it", () => {
    const resize = { kind: "shortest_edge", edgePixels: 256, filter: "bilinear" } as const;
    const thin = { height: 1, width: 30000 };
    expect(() => planGeometry(thin, { resize })).toThrow(
      expect.objectContaining({ code: "IMAGE_TOO_LARGE" }),
    );
    const geometry = planGeometry(thin, { resize, centerCrop: { height: 224, width: 224 } });
    expect(geometry.resized).toEqual({ height: 256, width: 7_680_000 });
  });
});

describe("pixelTables", () => {
  test("multiplies in float64 and does the rest in float32, as NumPy does", () => {
    const [table] = pixelTables({ ...SPEC, mean: [0.485, 0, 0], std: [0.229, 1, 1] });
    const { fround } = Math;
    const expected = fround(fround(fround(77 * (1 / 255)) - fround(0.485)) / fround(0.229));
    expect(table?.[77]).toBe(expected);
    expect(table).toHaveLength(256);
  });

  test("adds the offset after the factor", () => {
    const [table] = pixelTables({ ...SPEC, rescaleFactor: 1 / 127.5, rescaleOffset: -1 });
    expect([table?.[0], table?.[255]]).toEqual([-1, 1]);
  });

  test("rounds float16 from float32", () => {
    const [table] = pixelTables({ ...SPEC, dtype: "float16" });
    expect(fromFloat16Bits(table?.[1] ?? 0)).toBeCloseTo(1 / 255, 5);
  });

  test("leaves uint8 as it is, whatever the factor and the means", () => {
    const [table] = pixelTables({ ...SPEC, dtype: "uint8", mean: [9, 9, 9] });
    expect(table).toEqual(Uint8Array.from({ length: 256 }, (_, value) => value));
  });
});

describe("preprocess", () => {
  const spec: PreprocessSpec = { ...SPEC, dtype: "uint8" };

  test("lays channels out as planes for CHW and side by side for HWC", () => {
    const image = numbered(1, 2);
    expect(preprocess(image, spec).row).toEqual({
      dtype: "uint8",
      shape: [3, 1, 2],
      data: Uint8Array.of(0, 3, 1, 4, 2, 5),
    });
    expect(preprocess(image, { ...spec, layout: "HWC" }).row).toMatchObject({
      shape: [1, 2, 3],
      data: image.data,
    });
  });

  test("turns the channels around for BGR", () => {
    const { row } = preprocess(numbered(1, 2), { ...spec, color: "BGR", layout: "HWC" });
    expect(row.data).toEqual(Uint8Array.of(2, 1, 0, 5, 4, 3));
  });

  test("pads with black before it normalises where the image is smaller than the crop", () => {
    const centerCrop = { height: 3, width: 1 };
    const { row, geometry } = preprocess(numbered(1, 2), { ...SPEC, mean: [0.5, 0.5, 0.5], centerCrop });
    expect(geometry).toMatchObject({ top: -1, left: 0 });
    const black = Math.fround(-0.5);
    expect([row.data[0], row.data[2]]).toEqual([black, black]);
  });

  test("fills a smaller image up with the colour of cropFill", () => {
    const centerCrop = { height: 1, width: 4 };
    const { row } = preprocess(numbered(1, 2), { ...spec, layout: "HWC", centerCrop, cropFill: [7, 8, 9] });
    expect([...(row.data as Uint8Array)]).toEqual([7, 8, 9, 0, 1, 2, 3, 4, 5, 7, 8, 9]);
  });

  test.each([
    ["zeros", [0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["mirror", [0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2, 3, 4, 5, 3, 4, 5]],
    ["around", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ] as const)("pads to a multiple by %s", (method, expected) => {
    const padTo = { multipleOf: 3, method };
    const { row } = preprocess(numbered(1, 2), { ...spec, layout: "HWC", padTo });
    expect(row.shape).toEqual([3, 3, 3]);
    expect([...(row.data as Uint8Array)]).toEqual(expected);
  });

  test("gives the pixels of the whole resize when only the crop of it is computed", () => {
    const image = numbered(61, 47);
    for (const filter of ["nearest", "box", "bilinear", "bicubic", "lanczos"] as const) {
      const resize = { kind: "exact", size: { height: 40, width: 70 }, filter } as const;
      const whole = preprocess(image, { ...spec, layout: "HWC", resize }).row.data;
      const cut = preprocess(image, {
        ...spec,
        layout: "HWC",
        resize,
        centerCrop: { height: 11, width: 21 },
      });
      const { top, left } = cut.geometry;
      for (let y = 0; y < 11; y++) {
        const from = ((top + y) * 70 + left) * 3;
        expect(cut.row.data.slice(y * 63, y * 63 + 63)).toEqual(whole.slice(from, from + 63));
      }
    }
  });

  test("says INTERNAL when the raster's channels are not the spec's", () => {
    expect(() => preprocess(numbered(1, 2), { ...spec, color: "L", mean: [0], std: [1] })).toThrow(
      expect.objectContaining({ code: "INTERNAL" }),
    );
  });
});
