import { describe, expect, test } from "vitest";
import { toSourceBox } from "../../../src/signature/to-source-box.ts";

const SQUARE = { height: 640, width: 640 };
/** 480 x 1280 shrunk by half and put into the middle of a square. */
const LETTERBOX = {
  source: { height: 480, width: 1280 },
  resized: { height: 240, width: 640 },
  top: -200,
  left: 0,
  row: SQUARE,
};
/** The middle of an image twice as large. */
const CROP = {
  source: { height: 2560, width: 2560 },
  resized: { height: 1280, width: 1280 },
  top: 320,
  left: 320,
  row: SQUARE,
};

describe("toSourceBox", () => {
  test("undoes a letterbox", () => {
    expect(toSourceBox([10, 210, 30, 230], LETTERBOX)).toEqual([20, 20, 60, 60]);
  });

  test("undoes a crop", () => {
    expect(toSourceBox([0, 10, 100, 110], CROP)).toEqual([640, 660, 840, 860]);
  });

  test("undoes a resize to another aspect", () => {
    const origin = { source: { height: 100, width: 50 }, resized: SQUARE, top: 0, left: 0, row: SQUARE };
    expect(toSourceBox([64, 64, 128, 128], origin)).toEqual([5, 10, 10, 20]);
  });

  test("cuts off what is outside the image", () => {
    expect(toSourceBox([-10, 100, 700, 700], LETTERBOX)).toEqual([0, 0, 1280, 480]);
  });

  test.each([
    ["in the letterbox's margin", [10, 0, 30, 190]],
    ["of no area", [10, 210, 10, 230]],
    ["turned inside out", [30, 210, 10, 230]],
    ["of NaN", [Number.NaN, 210, 30, 230]],
  ] as const)("gives nothing for a box %s", (_, box) => {
    expect(toSourceBox([...box], LETTERBOX)).toBeUndefined();
  });
});
