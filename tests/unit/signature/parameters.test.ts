import { describe, expect, test } from "vitest";
import type { Head } from "../../../src/signature/head.ts";
import { readParameters } from "../../../src/signature/parameters.ts";

const HEAD = { task: "generic" } as const;
const DEFAULTS = { k: 5, scoreThreshold: 0.5, iouThreshold: 0.7, maxDetections: 100 };

describe("readParameters", () => {
  test("takes the defaults when none is said", () => {
    expect(readParameters({}, HEAD)).toEqual(DEFAULTS);
  });

  test("takes the folder's before the defaults, and the request's before the folder's", () => {
    const head: Head = {
      task: "classification",
      output: "y",
      classes: 2,
      activation: "softmax",
      parameters: { k: 3, scoreThreshold: 0.25 },
    };
    expect(readParameters({}, head)).toEqual({ ...DEFAULTS, k: 3, scoreThreshold: 0.25 });
    expect(readParameters({ score_threshold: 0.75 }, head)).toEqual({
      ...DEFAULTS,
      k: 3,
      scoreThreshold: 0.75,
    });
  });

  test.each([
    ["k", "k", 1],
    ["k", "k", 1e6],
    ["score_threshold", "scoreThreshold", 0],
    ["score_threshold", "scoreThreshold", 1],
    ["iou_threshold", "iouThreshold", 0.7],
    ["max_detections", "maxDetections", 1],
    ["max_detections", "maxDetections", 3000],
  ])("takes %s as %s = %d", (key, name, value) => {
    expect(readParameters({ [key]: value }, HEAD)).toEqual({ ...DEFAULTS, [name]: value });
  });

  test("ignores what it does not know", () => {
    expect(readParameters({ temperature: 2 }, HEAD)).toEqual(DEFAULTS);
  });

  test("does not take k from a prototype", () => {
    expect(readParameters(Object.create({ k: 2 }), HEAD)).toEqual(DEFAULTS);
  });

  test.each([[0], [-1], [1.5], ["3"], [null], [true], [[3]], [{ k: 3 }]])("refuses k = %j", (k) => {
    expect(() => readParameters({ k }, HEAD)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test.each([
    ["score_threshold", -0.1],
    ["score_threshold", 1.1],
    ["score_threshold", "0.5"],
    ["score_threshold", Number.NaN],
    ["iou_threshold", 2],
    ["iou_threshold", null],
    ["max_detections", 0],
    ["max_detections", 3001],
    ["max_detections", 1.5],
  ])("refuses %s = %j, and says its bounds", (key, value) => {
    expect(() => readParameters({ [key]: value }, HEAD)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(
          new RegExp(`^parameters\\.${key}: expected .* from \\d to \\d+, got `),
        ),
      }),
    );
  });

  test("quotes no more than 64 characters of what came", () => {
    expect(() => readParameters({ k: "x".repeat(1000) }, HEAD)).toThrow(/^.{1,120}$/);
  });
});
