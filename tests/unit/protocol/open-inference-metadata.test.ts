import { describe, expect, test } from "vitest";
import { openInferenceMetadata } from "../../../src/protocol/open-inference-metadata.ts";

const METADATA = {
  name: "m",
  versions: ["2", "1"],
  inputs: [{ name: "image", dtype: "float32", shape: [1, 3, "height", 224] }],
  outputs: [{ name: "label", dtype: "string", shape: ["N"] }],
  signatures: ["serving_default", "label"],
} as const;

describe("openInferenceMetadata", () => {
  test("shows open sizes and the rows as -1", () => {
    expect(openInferenceMetadata({ ...METADATA, hasRows: true })).toEqual({
      name: "m",
      versions: ["2", "1"],
      platform: "onnx_onnxv1",
      inputs: [{ name: "image", datatype: "FP32", shape: [-1, 3, -1, 224] }],
      outputs: [{ name: "label", datatype: "BYTES", shape: [-1] }],
      signatures: ["serving_default", "label"],
    });
  });

  test("keeps axis 0 of a model without a batch axis", () => {
    expect(openInferenceMetadata({ ...METADATA, hasRows: false })).toMatchObject({
      inputs: [{ shape: [1, 3, -1, 224] }],
    });
  });

  test("shows an input of images as BYTES, and the tensor that it takes as well", () => {
    expect(openInferenceMetadata({ ...METADATA, hasRows: true, imageInput: "image" })).toMatchObject({
      inputs: [
        {
          name: "image",
          datatype: "BYTES",
          shape: [-1],
          parameters: {
            content_type: "image",
            tensor_datatype: "FP32",
            tensor_shape: "[-1, 3, -1, 224]",
          },
        },
      ],
    });
  });
});
