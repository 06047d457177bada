import { describe, expect, test } from "vitest";
import { preprocess } from "../../src/image/preprocess.ts";
import type { PreprocessSpec } from "../../src/image/preprocess-spec.ts";
import { resample } from "../../src/image/resample.ts";
import { chooseHead } from "../../src/model/choose-head.ts";
import { choosePreprocess } from "../../src/model/choose-preprocess.ts";
import { findImageInput } from "../../src/model/image-input.ts";
import { readOnnxMetadata } from "../../src/model/onnx-metadata.ts";
import { mergeRecipes, type Recipe } from "../../src/model/recipe.ts";
import { readParameters } from "../../src/signature/parameters.ts";
import { renderSignature } from "../../src/signature/render-signature.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type FoundBox, largestOffset } from "./found-boxes.ts";
import {
  decodeFixture,
  expectSame,
  type ResampleCase,
  readReferences,
  type StoredTensor,
  unpack,
} from "./references.ts";

interface Picture {
  readonly file: string;
  readonly shape: readonly number[];
  readonly sha256: string;
  readonly output?: StoredTensor;
  /** x1, y1, x2, y2, score, class. */
  readonly boxes?: readonly (readonly number[])[];
}

interface Model {
  readonly name: string;
  readonly input: readonly (number | string)[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly pictures: readonly Picture[];
}

/** What Ultralytics gave; tools/make-ultralytics-references.py wrote it. */
const { models, resize } = readReferences<{
  readonly models: readonly Model[];
  readonly resize: readonly ResampleCase[];
}>("ultralytics.json");

const LABELS = ["cat", 'it\'s a "dog"', "fish"];

describe("resample", () => {
  test.each(resize)("equals cv2.resize, difference 0: $file to $height x $width", async (given) => {
    const source = await decodeFixture(given.file, given.color);
    expectSame(resample(source, given, "cv2_linear").data, given.sha256, undefined);
  });

  test("computes a window with the pixels of the whole, cv2_linear", async () => {
    const source = await decodeFixture("photo-large.jpg", "RGB");
    for (const size of [
      { height: 95, width: 125 },
      { height: 66, width: 201 },
      { height: 190, width: 300 },
    ]) {
      const whole = resample(source, size, "cv2_linear");
      const window = { top: 7, left: 11, height: 40, width: 61 };
      const part = resample(source, size, "cv2_linear", { window });
      for (let y = 0; y < window.height; y++) {
        const from = ((window.top + y) * whole.width + window.left) * 3;
        const line = part.data.subarray(y * window.width * 3, (y + 1) * window.width * 3);
        expect(line).toEqual(whole.data.subarray(from, from + window.width * 3));
      }
    }
  });
});

describe.each(models)("readOnnxMetadata of Ultralytics, $name", ({ input, metadata, pictures }) => {
  test.each(pictures)("feeds what the predictor feeds, to the last bit: $file", async (picture) => {
    const { row } = await prepare(picture.file);
    expect(row.shape).toEqual(picture.shape);
    expectSame(row.data as Float32Array, picture.sha256, undefined);
  });

  test.each(pictures.filter(({ boxes }) => boxes !== undefined))(
    "finds the predictor's boxes within a tenth of a pixel, its labels, order and scores: $file",
    async (picture) => {
      const { recipe, origin } = await prepare(picture.file);
      const output: Tensor = unpack(picture.output as StoredTensor);
      const { head } = chooseHead(recipe, { output0: output }, "CHW");
      const found = renderSignature(
        "boxes",
        head,
        { outputs: { output0: output }, origin },
        readParameters({}, head),
      );
      // The predictor keeps boxes that lie in the grey as ones without area.
      const expected = (picture.boxes ?? []).filter(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) => x2 > x1 && y2 > y1);
      const boxes = found as unknown as readonly FoundBox[];
      expect(expected.length).toBeGreaterThan(0);
      expect(boxes.map((one) => one.class)).toEqual(expected.map((box) => box[5]));
      expect(boxes.map(({ label }) => label)).toEqual(expected.map((box) => LABELS[box[5] ?? -1]));
      for (const [i, one] of boxes.entries()) {
        const [score = 0] = one.score.data;
        expect(Math.abs(score - (expected[i]?.[4] ?? 0))).toBeLessThan(1e-6);
        expect(largestOffset(one, expected[i] ?? [])).toBeLessThan(0.1);
      }
    },
  );

  async function prepare(file: string) {
    const size = typeof input[2] === "number" ? { height: input[2], width: input[3] as number } : undefined;
    const recipe: Recipe = mergeRecipes(readOnnxMetadata({ path: "model.onnx", metadata }, size));
    const image = findImageInput(sessionInfo(input), recipe);
    if (image === undefined) throw new TypeError("no image input");
    const { spec, warnings }: { spec: PreprocessSpec; warnings: readonly string[] } = choosePreprocess(
      image,
      recipe,
    );
    expect(warnings).toEqual([]);
    const { row, geometry } = preprocess(await decodeFixture(file, "RGB"), spec);
    return { recipe, row, origin: geometry };
  }
});

function sessionInfo(shape: readonly (number | string)[]) {
  return {
    inputs: [{ name: "images", dtype: "float32", shape }],
    outputs: [{ name: "output0", dtype: "float32", shape: ["N", "C", "A"] }],
    provider: "cpu",
  } as const;
}
