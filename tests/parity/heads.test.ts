import { describe, expect, test } from "vitest";
import { chooseHead } from "../../src/model/choose-head.ts";
import { readParameters } from "../../src/signature/parameters.ts";
import { renderSignature } from "../../src/signature/render-signature.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type FoundBox, largestOffset } from "./found-boxes.ts";
import { readReferences, type StoredTensor, unpack, unpackBytes } from "./references.ts";

interface HeadCase {
  readonly name: string;
  readonly labels?: readonly string[];
  readonly threshold: number;
  /** Height and width of what the model was fed. */
  readonly row: readonly [number, number];
  readonly outputs: Readonly<Record<string, StoredTensor>>;
  /** x1, y1, x2, y2, score, class. */
  readonly boxes?: readonly (readonly [number, number, number, number, number, number])[];
  readonly mask?: string;
}

/** What transformers and torchvision made of exported models' outputs; tools/make-head-references.py wrote it. */
const { cases } = readReferences<{ readonly cases: readonly HeadCase[] }>("heads.json");
const SOURCE = { height: 190, width: 251 };

describe("chooseHead and renderSignature", () => {
  test.each(cases.filter(({ boxes }) => boxes !== undefined))(
    "give the library's boxes within a pixel, its labels and scores: $name",
    ({ row, labels = [], threshold, outputs, boxes = [] }) => {
      const parameters = { score_threshold: threshold, max_detections: boxes.length };
      const { result, head } = read({ row, outputs, labels });
      const found = renderSignature("boxes", head, result, readParameters(parameters, head));
      // The libraries leave what lies outside of the picture, and DETR's the queries' order.
      const expected = boxes
        .map(([x1, y1, x2, y2, score, index]) => {
          const box = [
            within(x1, SOURCE.width),
            within(y1, SOURCE.height),
            within(x2, SOURCE.width),
            within(y2, SOURCE.height),
          ];
          return { box, score, class: index, label: labels[index] };
        })
        .filter(({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }) => x2 > x1 && y2 > y1)
        .toSorted((a, b) => b.score - a.score);
      expect(expected.length).toBeGreaterThan(9);
      const got = found as unknown as readonly FoundBox[];
      expect(got.map((one) => one.label)).toEqual(expected.map(({ label }) => label));
      for (const [i, one] of got.entries()) {
        const wanted = expected[i] ?? { box: [], score: -1 };
        expect(Math.abs((one.score.data[0] ?? 0) - wanted.score)).toBeLessThan(1e-5);
        expect(largestOffset(one, wanted.box)).toBeLessThan(0.5);
      }
    },
  );

  test("give the library's mask on 99.9 % of the pixels: segformer", () => {
    const [given] = cases.filter(({ mask }) => mask !== undefined);
    if (given === undefined) throw new TypeError("no mask is stored");
    const { result, head } = read(given);
    expect(head).toMatchObject({ task: "segmentation", classes: 5, activation: "softmax" });
    const mask = renderSignature("mask", head, result, readParameters({}, head)) as unknown as Tensor;
    expect(mask.shape).toEqual([SOURCE.height, SOURCE.width]);
    const expected = unpackBytes(given.mask ?? "");
    const same = expected.filter((index, i) => mask.data[i] === index).length;
    expect(new Set(expected).size).toBeGreaterThan(1);
    expect(same / expected.length).toBeGreaterThan(0.999);
  });
});

function read({ row: [height, width], outputs, labels }: Pick<HeadCase, "row" | "outputs" | "labels">) {
  const tensors = Object.fromEntries(Object.entries(outputs).map(([name, stored]) => [name, unpack(stored)]));
  const recipe = { values: labels === undefined ? {} : { labels }, origins: {} };
  const { head } = chooseHead(recipe, tensors, "CHW");
  const row = { height, width };
  return {
    head,
    result: { outputs: tensors, origin: { source: SOURCE, resized: row, top: 0, left: 0, row } },
  };
}

function within(edge: number, limit: number): number {
  return Math.min(Math.max(edge, 0), limit);
}
