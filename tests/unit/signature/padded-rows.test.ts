import { describe, expect, test } from "vitest";
import { planGeometry } from "../../../src/image/plan-geometry.ts";
import type { PreprocessSpec } from "../../../src/image/preprocess-spec.ts";
import { toSourceMask } from "../../../src/signature/source-mask.ts";
import { toSourceBox } from "../../../src/signature/to-source-box.ts";

type Sizes = Pick<PreprocessSpec, "resize" | "centerCrop" | "padTo">;

const PADDING = 1;
const UNSEEN = 255;

/** The class of each source pixel where the model calls everything from `top`, `left` on, this large, class 0. */
function maskOf(
  source: readonly [number, number],
  sizes: Sizes,
  image: readonly [number, number, number, number],
) {
  const geometry = planGeometry({ height: source[0], width: source[1] }, sizes);
  const { height, width } = geometry.row;
  const [top, left, tall, wide] = image;
  const data = new Float32Array(2 * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isImage = y >= top && y < top + tall && x >= left && x < left + wide;
      data[(isImage ? 0 : PADDING) * height * width + y * width + x] = 1;
    }
  }
  const mask = toSourceMask({ data, classes: 2, height, width, threshold: 0.5 }, geometry);
  return { geometry, mask };
}

describe("toSourceMask", () => {
  const box = (size: readonly [number, number]) => ({ height: size[0], width: size[1] });

  test.each<[string, readonly [number, number], Sizes, readonly [number, number, number, number]]>([
    ["a size", [8, 6], { padTo: box([16, 12]) }, [0, 0, 8, 6]],
    ["a multiple", [9, 6], { padTo: { multipleOf: 8, method: "zeros" } }, [0, 0, 9, 6]],
    ["a multiple on both sides", [9, 6], { padTo: { multipleOf: 8, method: "around" } }, [3, 1, 9, 6]],
    [
      "a multiple with the edge mirrored",
      [8, 6],
      { padTo: { multipleOf: 8, method: "mirror" } },
      [0, 0, 8, 6],
    ],
    [
      "a multiple after a resize to multiples",
      [8, 12],
      {
        resize: {
          kind: "shortest_edge",
          edgePixels: 16,
          multipleOf: { pixels: 10, direction: "up" },
          filter: "nearest",
        },
        padTo: { multipleOf: 16, method: "around" },
      },
      [6, 1, 20, 30],
    ],
  ])("shows nothing of the padding to %s", (_name, source, sizes, image) => {
    const { mask, geometry } = maskOf(source, sizes, image);
    expect(geometry.row).not.toEqual(geometry.resized);
    expect(mask.shape).toEqual([...source]);
    expect(new Set(mask.data as Uint8Array)).toEqual(new Set([0]));
  });

  test.each([
    ["zeros", [0, 0]],
    ["around", [2, 1]],
  ] as const)("leaves out what a crop cut off, padded then with %s", (method, [top, left]) => {
    const sizes = { centerCrop: box([4, 6]), padTo: { multipleOf: 8, method } };
    const { mask } = maskOf([8, 8], sizes, [top, left, 4, 6]);
    const seen = (y: number, x: number) => y >= 2 && y < 6 && x >= 1 && x < 7;
    const expected = Array.from({ length: 64 }, (_, i) => (seen(Math.floor(i / 8), i % 8) ? 0 : UNSEEN));
    expect([...(mask.data as Uint8Array)]).toEqual(expected);
  });

  test("leaves out what lies beside Perceiver's share of the image", () => {
    const share = { height: 0.5, width: 0.5 };
    const sizes = { resize: { kind: "share", share, size: box([8, 8]), filter: "nearest" } } as const;
    const { mask } = maskOf([8, 16], sizes, [0, 0, 8, 8]);
    const seen = (y: number, x: number) => y >= 2 && y < 6 && x >= 6 && x < 10;
    expect([...(mask.data as Uint8Array)]).toEqual(
      Array.from({ length: 128 }, (_, i) => (seen(Math.floor(i / 16), i % 16) ? 0 : UNSEEN)),
    );
  });
});

describe("toSourceBox", () => {
  test.each<[string, Sizes]>([
    ["multiples of the image's own size", { resize: { kind: "multiple", pixels: 32, filter: "nearest" } }],
    [
      "the nearest size in proportion",
      { resize: { kind: "nearest", size: { height: 64, width: 64 }, multipleOf: 14, filter: "nearest" } },
    ],
    ["a size that covers", { resize: { kind: "cover", size: { height: 30, width: 70 }, filter: "nearest" } }],
    ["padding around", { padTo: { multipleOf: 32, method: "around" } }],
    [
      "a border around the whole",
      {
        resize: { kind: "fit", size: { height: 64, width: 64 }, rounding: "half_even", filter: "nearest" },
        centerCrop: { height: 64, width: 64 },
      },
    ],
  ])("finds the source's own box again through %s", (_name, sizes) => {
    const source = { height: 75, width: 50 };
    const geometry = planGeometry(source, sizes);
    const { resized, top, left } = geometry;
    expect(top <= 0 && left <= 0).toBe(true);
    const whole = [-left, -top, resized.width - left, resized.height - top] as const;
    expect(toSourceBox(whole, geometry)).toEqual([0, 0, 50, 75]);
  });
});
