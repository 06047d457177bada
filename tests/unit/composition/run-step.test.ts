import { describe, expect, test } from "vitest";
import type { FoundBox } from "../../../src/composition/node-value.ts";
import { cropBoxes, runStep, toPixelBox } from "../../../src/composition/run-step.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

const SIZE = { height: 10, width: 20 };
const NO_POOL = { tensorStep: () => Promise.reject(new Error("not for this one")) };

const floats = (...numbers: number[]): Tensor => ({
  dtype: "float32",
  shape: [numbers.length],
  data: Float32Array.from(numbers),
});

const found = (label: string, score: number): FoundBox => ({
  label,
  class: 0,
  score: { ...floats(score), shape: [] },
  box: floats(0, 0, 1, 1),
});

describe("toPixelBox", () => {
  test.each([
    ["whole pixels", [1, 2, 5, 8], 0, [1, 2, 5, 8]],
    ["halves to the even edge, as Pillow does", [0.5, 1.5, 2.5, 3.5], 0, [0, 2, 2, 4]],
    ["a margin on each side", [4, 4, 8, 6], 0.5, [2, 3, 10, 7]],
    ["nothing beyond the image", [1, 1, 19, 9], 1, [0, 0, 20, 10]],
    ["at least one pixel", [3.2, 3.2, 3.3, 3.3], 0, [3, 3, 4, 4]],
    ["the last pixel at the far edge", [19.9, 9.9, 20, 10], 0, [19, 9, 20, 10]],
  ])("takes %s", (_, box, margin, expected) => {
    const { top, left, height, width } = toPixelBox(floats(...box), SIZE, margin);
    expect([left, top, left + width, top + height]).toEqual(expected);
  });
});

describe("cropBoxes", () => {
  test("cuts after what was done with the image before", () => {
    const before = { kind: "resize", size: SIZE, filter: "bilinear" } as const;
    const image = { bytes: new Uint8Array(), edits: [before] };
    const [crop] = cropBoxes({ boxes: [found("a", 1)], image, size: SIZE }, 0);
    expect(crop?.edits).toEqual([before, { kind: "crop", box: { top: 0, left: 0, height: 1, width: 1 } }]);
  });
});

describe("runStep", () => {
  const boxes = [found("car", 0.9), found("bike", 0.8), found("car", 0.1)];
  const given = { kind: "boxes", boxes, image: { bytes: new Uint8Array() }, size: SIZE } as const;

  test("keeps the boxes at or above the threshold, of the labels that are named", async () => {
    const keep = async (at_least: number, labels?: string[]) => {
      const kept = await runStep({ step: "threshold", from: "", at_least, labels }, given, NO_POOL);
      return kept.kind === "boxes"
        ? kept.boxes.map(({ label, score }) => `${label} ${score.data[0]?.toString().slice(0, 3)}`)
        : [];
    };
    // The float32 of 0.9 is below the double.
    expect(await keep(0.9)).toEqual(["car 0.8"]);
    expect(await keep(0.1)).toHaveLength(3);
    expect(await keep(0, ["bike"])).toHaveLength(1);
  });

  test("resizes with the filter that is named, else bilinear", async () => {
    const image = { kind: "image", image: { bytes: new Uint8Array() } } as const;
    const step = { step: "resize", from: "", height: 4, width: 5 } as const;
    const edits = [step, { ...step, filter: "lanczos" } as const].map(async (one) => {
      const made = await runStep(one, image, NO_POOL);
      return made.kind === "image" ? made.image.edits : undefined;
    });
    const size = { height: 4, width: 5 };
    expect(await Promise.all(edits)).toEqual([
      [{ kind: "resize", size, filter: "bilinear" }],
      [{ kind: "resize", size, filter: "lanczos" }],
    ]);
  });

  test("hands a large tensor to the image workers, and does a small one itself", async () => {
    const asked: number[] = [];
    const pool = {
      tensorStep: async (_: unknown, tensor: Tensor) => {
        asked.push(tensor.data.length);
        return tensor;
      },
    };
    const step = { step: "argmax", from: "" } as const;
    const small = await runStep(step, { kind: "value", value: floats(1, 3, 2) }, pool);
    expect(small).toEqual({
      kind: "value",
      value: { dtype: "int64", shape: [], data: BigInt64Array.of(1n) },
    });
    await runStep(step, { kind: "value", value: floats(...new Array<number>(50_001).fill(0)) }, pool);
    expect(asked).toEqual([50_001]);
  });
});
