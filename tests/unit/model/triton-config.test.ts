import { describe, expect, test } from "vitest";
import { readTritonConfig } from "../../../src/model/triton-config.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const CONFIG = `name: "densenet"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [ { name: "data_0" data_type: TYPE_FP32 dims: [ 3, 224, 224 ] } ]
output [
  { name: "features" data_type: TYPE_FP32 dims: [ 8 ] },
  { name: "fc6" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels_en.txt" }
]
dynamic_batching { preferred_batch_size: [ 4, 8 ] }
`;

describe("readTritonConfig", () => {
  test("returns undefined when there is none", () => {
    expect(readTritonConfig(temporaryModelFolder({}))).toBeUndefined();
  });

  test("reads the labels and the output that they belong to, and warns of the rest", () => {
    const folder = temporaryModelFolder({ "config.pbtxt": CONFIG, "labels_en.txt": "cat\ndog\n" });
    expect(readTritonConfig(folder)).toEqual({
      origin: "config.pbtxt",
      values: { labels: ["cat", "dog"], output: "fc6" },
      warnings: [
        {
          text: expect.stringMatching(
            /only label_filename is read; ignored: max_batch_size, dynamic_batching /,
          ),
        },
      ],
    });
  });

  test("says nothing where there are no labels and nothing to ignore", () => {
    const folder = temporaryModelFolder({ "config.pbtxt": 'name: "m"\noutput { name: "y" }' });
    expect(readTritonConfig(folder)).toEqual({ origin: "config.pbtxt", values: {}, warnings: [] });
  });

  test.each<[string, string, RegExp]>([
    ["a file that is damaged", "output {", /^config\.pbtxt can't be read: /],
    [
      "labels that are not there",
      'output { label_filename: "x.txt" }',
      /label_filename: x\.txt does not exist$/,
    ],
    ["labels elsewhere", 'output { label_filename: "../x.txt" }', /x\.txt is outside the model's folder$/],
  ])("refuses %s", (_name, content, message) => {
    const folder = temporaryModelFolder({ "config.pbtxt": content });
    expect(refusal(folder, () => readTritonConfig(folder))).toMatch(message);
  });
});
