import { describe, expect, test } from "vitest";
import { preprocess } from "../../src/image/preprocess.ts";
import type { Resize } from "../../src/image/preprocess-spec.ts";
import type { Raster, Size } from "../../src/image/raster.ts";
import { toSourceMask } from "../../src/signature/source-mask.ts";
import { toSourceBox } from "../../src/signature/to-source-box.ts";

/** Left, top, right and bottom edge of what is painted white, in pixels of the source. */
type Rectangle = readonly [x1: number, y1: number, x2: number, y2: number];

interface GeometryCase {
  readonly source: Size;
  readonly rectangle: Rectangle;
  readonly resize: Resize;
  /** The columns and rows of the source that the model sees: fastai's `crop` cuts the rest off. */
  readonly seen: Rectangle;
}

const size = (height: number, width: number) => ({ height, width });
const resized = (kind: "crop" | "pad", row: Size) => ({ kind, size: row, filter: "bilinear" }) as const;

const CASES: readonly (readonly [string, GeometryCase])[] = [
  [
    // The largest 64:64 inside 101 x 150 is 101 wide, from int(0.5 * 49) = 24 on.
    "crop of a wide picture",
    {
      source: size(101, 150),
      rectangle: [40, 20, 90, 77],
      resize: resized("crop", size(64, 64)),
      seen: [24, 0, 125, 101],
    },
  ],
  [
    // m = 90 / 50 = 1.8, so 126 high, from int(0.5 * 75) = 37 on.
    "crop of a tall picture, enlarged in part",
    {
      source: size(201, 90),
      rectangle: [11, 60, 71, 140],
      resize: resized("crop", size(70, 50)),
      seen: [0, 37, 90, 163],
    },
  ],
  [
    "pad of a wide picture",
    {
      source: size(101, 150),
      // Not where the edges are reflected.
      rectangle: [40, 30, 90, 70],
      resize: resized("pad", size(64, 64)),
      seen: [0, 0, 150, 101],
    },
  ],
  [
    "pad of a small picture, enlarged",
    {
      source: size(33, 17),
      rectangle: [5, 8, 13, 25],
      resize: { ...resized("pad", size(96, 120)), padMode: "zeros" },
      seen: [0, 0, 17, 33],
    },
  ],
  [
    "letterbox",
    {
      source: size(101, 150),
      rectangle: [40, 20, 90, 77],
      resize: { kind: "letterbox", size: size(96, 96), filter: "cv2_linear", fill: 0 },
      seen: [0, 0, 150, 101],
    },
  ],
];

describe("preprocess and toSourceMask", () => {
  test.each(CASES)("give back what is painted, its edges within a pixel: %s", (_, given) => {
    const { source, rectangle, seen } = given;
    const { scores, geometry } = identityModel(given);
    const { data, shape } = toSourceMask(scores, geometry);
    expect(shape).toEqual([source.height, source.width]);
    const [x1, y1, x2, y2] = rectangle;
    for (let y = 0; y < source.height; y++) {
      for (let x = 0; x < source.width; x++) {
        const got = data[y * source.width + x];
        if (isWithin(x, y, seen, 1)) expect(got).not.toBe(255);
        if (!isWithin(x, y, seen, -1)) expect(got).toBe(255);
        if (isWithin(x, y, [x1, y1, x2, y2], 1)) expect(got).toBe(1);
        if (isWithin(x, y, seen, 1) && !isWithin(x, y, rectangle, -1)) expect(got).toBe(0);
      }
    }
  });
});

describe("preprocess and toSourceBox", () => {
  test.each(CASES)("give back the box of what is painted, within a pixel of the row: %s", (_, given) => {
    const { scores, geometry } = identityModel(given);
    const { data, height, width } = scores;
    const bright = Array.from({ length: height * width }, (_value, i) => i).filter(
      (i) => (data[i] ?? 0) > 0.5,
    );
    const [columns, rows] = [bright.map((i) => i % width), bright.map((i) => Math.floor(i / width))];
    const found = [
      Math.min(...columns),
      Math.min(...rows),
      Math.max(...columns) + 1,
      Math.max(...rows) + 1,
    ] as const;
    const box = toSourceBox(found, geometry) ?? [];
    const rowPixel = Math.max(1, geometry.source.width / geometry.resized.width);
    for (const [i, edge] of given.rectangle.entries()) {
      expect(Math.abs((box[i] ?? Number.NaN) - edge)).toBeLessThan(rowPixel);
    }
  });
});

/** A model that answers, at every place of its input, how bright it is: above 0.5 is foreground. */
function identityModel({ source, rectangle, resize }: GeometryCase) {
  const { row, geometry } = preprocess(paint(source, rectangle), {
    color: "L",
    resize,
    rescaleFactor: 1 / 255,
    rescaleOffset: 0,
    mean: [0],
    std: [1],
    layout: "CHW",
    dtype: "float32",
  });
  const [, height = 0, width = 0] = row.shape;
  return { scores: { data: row.data as Float32Array, classes: 1, height, width, threshold: 0.5 }, geometry };
}

function paint({ height, width }: Size, rectangle: Rectangle): Raster {
  const data = new Uint8Array(height * width);
  for (let i = 0; i < data.length; i++) {
    if (isWithin(i % width, Math.floor(i / width), rectangle, 0)) data[i] = 255;
  }
  return { height, width, channels: 1, data };
}

/** Tells whether a pixel lies in the rectangle, made smaller by `margin` at each side. */
function isWithin(x: number, y: number, [x1, y1, x2, y2]: Rectangle, margin: number): boolean {
  return x >= x1 + margin && x < x2 - margin && y >= y1 + margin && y < y2 - margin;
}
