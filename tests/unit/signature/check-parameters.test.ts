import { describe, expect, test } from "vitest";
import { checkParameters } from "../../../src/signature/check-parameters.ts";
import type { Head } from "../../../src/signature/head.ts";

const CLASSIFIER = { task: "classification", output: "y", classes: 2, activation: "softmax" } as const;
const MULTI_LABEL: Head = { ...CLASSIFIER, activation: "sigmoid", isMultiLabel: true };
const NMS: Head = { task: "detection", outputs: { form: "ultralytics_nms", output: "y" } };
const RAW: Head = { task: "detection", outputs: { form: "ultralytics", output: "y" } };

describe("checkParameters", () => {
  test.each([
    ["top_k", CLASSIFIER, { k: 2 }],
    ["class", MULTI_LABEL, { score_threshold: 1 }],
    ["boxes", RAW, { score_threshold: 1, iou_threshold: 1, max_detections: 1 }],
    ["detection", NMS, { score_threshold: 1, max_detections: 1 }],
    ["custom", { ...CLASSIFIER, hasPostprocess: true }, { anything: [] }],
    ["serving_default", CLASSIFIER, {}],
  ] as const)("lets %s have its own", (signature, head, parameters) => {
    expect(() => checkParameters(parameters, signature, head)).not.toThrow();
  });

  test.each([
    ["class", CLASSIFIER, { k: 2 }, 'parameters.k: signature "class" of this model takes none'],
    [
      "boxes",
      NMS,
      { iou_threshold: 1 },
      'parameters.iou_threshold: signature "boxes" of this model takes score_threshold, max_detections',
    ],
    [
      "top_k",
      CLASSIFIER,
      { k: 2, temperature: 1 },
      "parameters.temperature: expected one of k, score_threshold, iou_threshold, max_detections; " +
        'signature "top_k" of this model takes k',
    ],
  ] as const)(
    "refuses what %s would ignore, and lists what there is",
    (signature, head, parameters, message) => {
      expect(() => checkParameters(parameters, signature, head)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
      );
    },
  );

  test("quotes no more than 64 characters of a name", () => {
    const parameters = { ["x".repeat(1000)]: 1 };
    expect(() => checkParameters(parameters, "class", CLASSIFIER)).toThrow(/^.{1,250}$/);
  });
});
