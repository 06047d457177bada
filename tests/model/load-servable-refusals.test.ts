import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type FolderFiles, temporaryModelFolder } from "../support/model-folder.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import { customOperator, externalData, futureOpset } from "../support/onnx/odd-models.ts";
import { constant } from "../support/onnx/tensor-proto.ts";
import { DIGITS_DIR } from "../support/start-server.ts";
import { digitsWith, golden, refused, refusedIn } from "./load-folder.ts";

describe("loadServable", () => {
  test("refuses the digits when one mean is 1 % off, and says by how much the outputs differ", async () => {
    const folder = digitsWith("preprocessor_config.json", (text) =>
      text.replace("0.3092", String(0.3092 * 1.01)),
    );
    expect(await refusedIn(folder)).toMatch(
      /^golden: the outputs differ from the training framework's by 0\.\d{2,6}, above the tolerance 0\.0001: check the preprocessing/,
    );
  });

  test.each([
    ["another filter", '"resample": 2', '"resample": 0'],
    ["another scale", '"do_rescale": true', '"do_rescale": false'],
  ])("refuses the digits with %s", async (_, from, to) => {
    const folder = digitsWith("preprocessor_config.json", (text) => text.replace(from, to));
    expect(await refusedIn(folder)).toMatch(/^golden: the outputs differ/);
  });

  test("refuses a golden image that can't be decoded, naming it", async () => {
    const folder = digitsWith("golden/image.png", () => "<!doctype html>");
    expect(await refusedIn(folder)).toMatch(/^golden: the image can't be used: .*HTML/);
  });

  test("refuses a golden output that the model does not have", async () => {
    const files = { "model.onnx": classifier(), ...golden({ probs: { shape: [1, 3], data: [0, 0, 0] } }) };
    expect(await refused(files)).toMatch(
      /^golden\/expected\.json: outputs\.probs is \[1, 3\], .*no such output$/,
    );
  });

  test("refuses labels of another number than the classes", async () => {
    const folder = digitsWith("config.json", (text) => text.replace(/,\s*"9": "nine"/, ""));
    expect(await refusedIn(folder)).toBe("config.json: 9 labels, but the model has 10 classes");
  });

  test.each([
    ["mask", "serving_default, class, label, scores, top_k"],
    ["nonsense", "serving_default, class, label, scores, top_k"],
  ])("refuses DEFAULT_SIGNATURE %s, listing what the model offers", async (name, offered) => {
    expect(await refusedIn(DIGITS_DIR, `--default-signature=${name}`)).toBe(
      `DEFAULT_SIGNATURE: Serving signature name: "${name}" not found in signature def; this model offers: ${offered}`,
    );
  });

  test.each<[string, FolderFiles, RegExp]>([
    ["an empty folder", {}, / holds no \*\.onnx file: put model\.onnx into it$/],
    [
      "a checkpoint",
      { "export.pkl": "\x80\x04" },
      /^export\.pkl is a training checkpoint, .*tools\/export_fastai\.py/,
    ],
    [
      "several models",
      { "a.onnx": "", "b.onnx": "" },
      / holds a\.onnx, b\.onnx: name one model\.onnx, or set MODEL_FILE$/,
    ],
    ["an empty model", { "model.onnx": "" }, /^model\.onnx .*empty/],
    [
      "an HTML page",
      { "model.onnx": "<!doctype html>\n<html>" },
      /^model\.onnx .*HTML page: download the file itself$/,
    ],
    [
      "a Git LFS pointer",
      { "model.onnx": "version https://git-lfs.github.com/spec/v1\noid" },
      /^model\.onnx .*Git LFS pointer.*git lfs pull/,
    ],
    [
      "a renamed checkpoint",
      { "model.onnx": "PK\x03\x04......" },
      /^model\.onnx .*zip archive.*export the model to ONNX/,
    ],
    ["half of a model", { "model.onnx": classifier().subarray(0, 90) }, /^model\.onnx /],
    ["an opset of the future", { "model.onnx": futureOpset() }, /^model\.onnx can't be loaded: .*[Oo]pset/],
    [
      "an operator of nobody's",
      { "model.onnx": customOperator("com.example") },
      /^model\.onnx uses operators of com\.example, .*standard operators$/,
    ],
    [
      "weights outside the folder",
      { "model.onnx": externalData("../weights.bin") },
      /^model\.onnx keeps weights in "\.\.\/weights\.bin", outside/,
    ],
    [
      "weights that are gone",
      { "model.onnx": externalData("gone.bin") },
      /^model\.onnx keeps weights in "gone\.bin", a file that does not exist/,
    ],
    [
      "serving.json that is no JSON",
      { "model.onnx": classifier(), "serving.json": "{\n" },
      /^serving\.json is not valid JSON: /,
    ],
    [
      "an unknown key",
      { "model.onnx": classifier(), "serving.json": { mean: [1] } },
      /^serving\.json: unknown key "mean"/,
    ],
    [
      "a deviation of 0",
      { "model.onnx": classifier(), "serving.json": { preprocess: { std: [0] } } },
      /^serving\.json: std holds 0, 0, 0; /,
    ],
    [
      "an unknown filter",
      {
        "model.onnx": classifier(),
        "serving.json": { preprocess: { resize: { shortest_edge: 8, filter: "cubic" } } },
      },
      /^serving\.json: preprocess\.resize\.filter: /,
    ],
    [
      "a crop larger than the image",
      {
        "model.onnx": classifier(),
        "serving.json": {
          preprocess: { resize: { height: 8, width: 8 }, center_crop: { height: 9, width: 9 } },
        },
      },
      /^serving\.json: preprocess\.center_crop 9x9 is larger than/,
    ],
    [
      "a size that the model does not take",
      { "model.onnx": classifier(), "serving.json": { preprocess: { resize: { height: 9, width: 9 } } } },
      /^serving\.json: resize gives 9x9 pixels/,
    ],
    [
      "a task that can't be",
      { "model.onnx": classifier(), "serving.json": { task: "segmentation" } },
      /^serving\.json: task segmentation needs /,
    ],
    [
      "an output that there is not",
      { "model.onnx": classifier(), "serving.json": { output: "probs" } },
      /^serving\.json: output "probs" is not one of logits$/,
    ],
  ])("refuses %s, on one line", async (_, files, line) => {
    expect(await refused(files)).toMatch(line);
  });

  test("refuses a model file that links out of the folder", async () => {
    const outside = temporaryModelFolder({ "model.onnx": classifier() });
    const folder = temporaryModelFolder({});
    symlinkSync(join(outside, "model.onnx"), join(folder, "model.onnx"));
    expect(await refusedIn(folder)).toMatch(/^model\.onnx is a link to a file outside/);
  });

  test("refuses weights behind a link out of the folder", async () => {
    const outside = temporaryModelFolder({ "weights.bin": new Uint8Array(8) });
    const folder = temporaryModelFolder({ "model.onnx": externalData("inner/weights.bin") });
    symlinkSync(outside, join(folder, "inner"));
    expect(await refusedIn(folder)).toMatch(/^model\.onnx keeps weights in "inner\/weights\.bin", outside/);
  });

  test("refuses a picture model that does not run on a picture of the size it is fed", async () => {
    const model = writeModel({
      inputs: [value("image", "float32", ["N", 3, "h", "w"])],
      outputs: [value("y", "float32", ["N", 3])],
      initializers: [constant("weights", "float32", [12, 3], new Array<number>(36).fill(1))],
      nodes: [node("Flatten", ["image"], ["flat"], { axis: 1 }), node("MatMul", ["flat", "weights"], ["y"])],
    });
    expect(await refused({ "model.onnx": model })).toMatch(/^model\.onnx: the model does not run: /);
  });

  test("refuses a folder that is not there", async () => {
    const folder = join(temporaryModelFolder({}), "gone");
    expect(await refusedIn(folder)).toMatch(/ does not exist: set MODEL_DIR/);
  });
});
