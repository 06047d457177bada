import { describe, expect, test } from "vitest";
import { chooseView, usualSignature } from "../../../src/console/choose-view.ts";
import { CLASSIFIER } from "./model-metadata.ts";

const MULTI_LABEL = { ...CLASSIFIER, multi_label: true };
const DETECTOR = { ...CLASSIFIER, task: "detection", signatures: ["serving_default", "boxes", "detection"] };
const SEGMENTATION = {
  ...CLASSIFIER,
  task: "segmentation",
  signatures: ["serving_default", "class", "mask", "mask_png", "base64_prediction"],
};

describe("usualSignature", () => {
  test.each([
    ["top_k", CLASSIFIER],
    ["scores", MULTI_LABEL],
    ["mask_png", SEGMENTATION],
    ["base64_prediction", { ...SEGMENTATION, signatures: ["serving_default", "base64_prediction"] }],
    ["boxes", DETECTOR],
    ["serving_default", { ...CLASSIFIER, task: "regression", signatures: ["serving_default"] }],
    ["custom", { ...CLASSIFIER, task: "generic", signatures: ["serving_default", "custom"] }],
  ])("is %s", (signature, model) => {
    expect(usualSignature(model)).toBe(signature);
  });
});

describe("chooseView", () => {
  const at = (signature: string) => ({ signature, threshold: 0.4, k: 3 });

  test("asks for so many classes of top_k", () => {
    expect(chooseView(CLASSIFIER, at("top_k"))).toMatchObject({
      kind: "bars",
      parameters: { k: 3 },
      hasK: true,
    });
  });

  test("draws scores against a threshold only where any number of labels may be right", () => {
    expect(chooseView(MULTI_LABEL, at("scores"))).toMatchObject({ parameters: {}, hasThreshold: true });
    expect(chooseView(CLASSIFIER, at("scores"))).toMatchObject({ parameters: {}, hasThreshold: false });
  });

  test("asks for boxes under the threshold, and shows the request that gives those above it", () => {
    expect(chooseView(DETECTOR, at("boxes"))).toMatchObject({
      kind: "boxes",
      parameters: { score_threshold: 0.05 },
      shown: { score_threshold: 0.4 },
      isThresholdSent: false,
    });
    const low = { ...DETECTOR, parameters: { ...DETECTOR.parameters, score_threshold: 0.01 } };
    expect(chooseView(low, at("boxes")).parameters).toEqual({ score_threshold: 0.01 });
  });

  test.each(["class", "label"])("sends the threshold of %s where it has one", (signature) => {
    const parameters = { score_threshold: 0.4 };
    const sent = { kind: "json", parameters, shown: parameters, isThresholdSent: true };
    expect(chooseView(MULTI_LABEL, at(signature))).toMatchObject(sent);
    expect(chooseView(CLASSIFIER, at(signature))).toMatchObject({ parameters: {}, hasThreshold: false });
  });

  test.each(["mask", "mask_png", "base64_prediction"])("draws %s as a mask", (signature) => {
    expect(chooseView(SEGMENTATION, at(signature))).toMatchObject({ kind: "mask", parameters: {} });
  });

  test("sends no parameter that a signature does not take", () => {
    expect(chooseView(DETECTOR, at("serving_default"))).toMatchObject({
      kind: "json",
      parameters: {},
      shown: {},
    });
  });
});
