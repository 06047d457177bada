import { describe, expect, test } from "vitest";
import {
  chooseSignature,
  type DefaultSignature,
  requireOffered,
} from "../../../src/signature/choose-signature.ts";
import type { Head } from "../../../src/signature/head.ts";

const CLASSIFIER = { task: "classification", output: "y", classes: 2, activation: "softmax" } as const;
const HEADS: Readonly<Record<string, Head>> = {
  "labelled classifier": { ...CLASSIFIER, labels: ["cat", "dog"] },
  classifier: CLASSIFIER,
  segmentation: { ...CLASSIFIER, task: "segmentation" },
  detector: { task: "detection", outputs: { form: "ultralytics", output: "y" } },
  tensors: { task: "generic" },
};

function choose(
  head: string,
  dialectDefault: DefaultSignature,
  named?: string,
  serverDefault?: string,
): string {
  return chooseSignature(HEADS[head] ?? { task: "generic" }, { named, serverDefault, dialectDefault });
}

describe("chooseSignature", () => {
  test.each([
    ["labelled classifier", "class", "class"],
    ["labelled classifier", "label", "label"],
    ["labelled classifier", "serving_default", "serving_default"],
    ["classifier", "class", "class"],
    ["classifier", "label", "class"],
    ["classifier", "serving_default", "serving_default"],
    ["segmentation", "class", "class"],
    ["segmentation", "label", "serving_default"],
    ["segmentation", "serving_default", "serving_default"],
    ["detector", "class", "boxes"],
    ["detector", "label", "boxes"],
    ["detector", "serving_default", "serving_default"],
    ["tensors", "class", "serving_default"],
    ["tensors", "label", "serving_default"],
    ["tensors", "serving_default", "serving_default"],
  ] as const)("of %s, where the dialect's default is %s, takes %s", (head, dialectDefault, chosen) => {
    expect(choose(head, dialectDefault)).toBe(chosen);
  });

  test("takes a handler's answer where fastai-serving's clients ask, the raw rows where TensorFlow Serving's do", () => {
    const head = {
      task: "classification",
      output: "y",
      classes: 2,
      activation: "softmax",
      hasPostprocess: true,
    } as const;
    const chosen = (dialectDefault: DefaultSignature, named?: string, serverDefault?: string) =>
      chooseSignature(head, { named, serverDefault, dialectDefault });
    expect(chosen("class")).toBe("custom");
    expect(chosen("label")).toBe("custom");
    expect(chosen("serving_default")).toBe("serving_default");
    expect(chosen("serving_default", "custom")).toBe("custom");
    expect(chosen("class", "class")).toBe("class");
    expect(chosen("class", undefined, "scores")).toBe("scores");
  });

  test("offers no handler's answer where there is none", () => {
    expect(() => choose("classifier", "class", "custom")).toThrow(/"custom" not found/);
  });

  test("takes the one that the request names before all defaults", () => {
    expect(choose("labelled classifier", "class", "top_k", "scores")).toBe("top_k");
  });

  test("takes the server's default before the dialect's", () => {
    expect(choose("labelled classifier", "class", undefined, "scores")).toBe("scores");
  });

  test("takes an empty name as none", () => {
    expect(choose("labelled classifier", "class", "", "scores")).toBe("scores");
    expect(choose("labelled classifier", "class", "", "")).toBe("class");
  });

  test.each([
    ["classifier", "label"],
    ["classifier", "mask"],
    ["segmentation", "scores"],
    ["tensors", "class"],
    ["labelled classifier", "Class"],
    ["labelled classifier", "toString"],
  ])("of %s refuses %s with INVALID_ARGUMENT, though its default would do", (head, named) => {
    expect(() => choose(head, "class", named)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});

describe("requireOffered", () => {
  test("lists what is offered, and cuts what was asked for", () => {
    const message = `Serving signature name: "${"x".repeat(61)}..." not found in signature def; this model offers: serving_default, class`;
    expect(() => requireOffered("x".repeat(1000), ["serving_default", "class"])).toThrow(message);
  });
});
