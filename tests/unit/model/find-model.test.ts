import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findModel } from "../../../src/model/find-model.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

/** Makes a folder of empty files. */
function folderOf(...names: string[]): string {
  return temporaryModelFolder(Object.fromEntries(names.map((name) => [name, ""])));
}

/** Returns the folder, file and version that are found, without the folder's own path. */
function found(folder: string, modelFile?: string): string {
  const location = findModel(folder, { modelFile });
  const cut = (path: string) => path.slice(folder.length + 1);
  return `${cut(location.folder) || "."} ${cut(location.modelPath)} ${location.version}`;
}

const refused = (folder: string, modelFile?: string) =>
  refusal(folder, () => findModel(folder, { modelFile })).replaceAll(folder, "FOLDER");

describe("findModel", () => {
  test.each([
    ["model.onnx", ["model.onnx"], ". model.onnx 1"],
    ["onnx/model.onnx", ["onnx/model.onnx", "config.json"], ". onnx/model.onnx 1"],
    ["the only *.onnx", ["resnet.onnx", "labels.txt"], ". resnet.onnx 1"],
    ["the only *.onnx of the folder onnx", ["onnx/resnet.onnx"], ". onnx/resnet.onnx 1"],
    ["model.onnx before others", ["a.onnx", "model.onnx", "onnx/model.onnx"], ". model.onnx 1"],
    [
      "onnx/model.onnx before its quantised forms",
      ["onnx/model.onnx", "onnx/model_int8.onnx"],
      ". onnx/model.onnx 1",
    ],
    ["the only *.onnx beside external data", ["m.onnx", "m.onnx.data", "m.onnx_data"], ". m.onnx 1"],
  ])("finds %s", (_, files, location) => {
    expect(found(folderOf(...files))).toBe(location);
  });

  test.each([
    ["the highest number", ["1/model.onnx", "2/model.onnx", "10/model.onnx"], "10 10/model.onnx 10"],
    ["numbers with leading zeros by their value", ["002/model.onnx", "1/model.onnx"], "002 002/model.onnx 2"],
    [
      "numbers of the length of a date",
      ["20260101/model.onnx", "9/model.onnx"],
      "20260101 20260101/model.onnx 20260101",
    ],
    ["any usual layout", ["3/onnx/model.onnx"], "3 3/onnx/model.onnx 3"],
    ["no folder with another name", ["v2/model.onnx", "1/model.onnx", "1.5/model.onnx"], "1 1/model.onnx 1"],
    ["the next one where the highest holds no model", ["2/labels.txt", "1/model.onnx"], "1 1/model.onnx 1"],
    ["no file with a number for its name", ["7", "1/model.onnx"], "1 1/model.onnx 1"],
  ])("serves of version folders %s", (_, files, location) => {
    expect(found(folderOf(...files))).toBe(location);
  });

  test("takes a model beside version folders first", () => {
    expect(found(folderOf("model.onnx", "5/model.onnx"))).toBe(". model.onnx 1");
  });

  test("passes over a version folder that is a broken link", () => {
    const folder = folderOf("1/model.onnx");
    symlinkSync("gone", join(folder, "2"));
    expect(found(folder)).toBe("1 1/model.onnx 1");
  });

  test("passes over a file that is called onnx", () => {
    expect(found(folderOf("onnx", "resnet.onnx"))).toBe(". resnet.onnx 1");
  });

  test.each([
    ["in the folder", ["a.onnx", "b.onnx"], "b.onnx", ". b.onnx 1"],
    [
      "in a folder of it",
      ["onnx/model.onnx", "onnx/model_int8.onnx"],
      "onnx/model_int8.onnx",
      ". onnx/model_int8.onnx 1",
    ],
    ["in the highest version", ["1/a.onnx", "2/a.onnx", "2/model.onnx"], "a.onnx", "2 2/a.onnx 2"],
    [
      "where its name begins with two dots",
      ["..data/model.onnx"],
      "..data/model.onnx",
      ". ..data/model.onnx 1",
    ],
  ])("takes MODEL_FILE %s", (_, files, modelFile, location) => {
    expect(found(folderOf(...files), modelFile)).toBe(location);
  });

  test.each(["../secret.onnx", "a/../../secret.onnx", ".."])(
    "refuses MODEL_FILE %s, outside the folder",
    (modelFile) => {
      const folder = join(folderOf("secret.onnx"), "model");
      mkdirSync(folder);
      expect(existsSync(join(folder, "../secret.onnx"))).toBe(true);
      expect(refused(folder, modelFile)).toBe(
        `MODEL_FILE ${modelFile} is outside MODEL_DIR: name a file inside it`,
      );
    },
  );

  test("takes an absolute MODEL_FILE for a name inside the folder", () => {
    expect(refused(folderOf("model.onnx"), "/etc/passwd")).toBe(
      "etc/passwd does not exist: check MODEL_FILE",
    );
  });

  test.each([
    ["a MODEL_FILE that is missing", ["model.onnx"], "b.onnx", "b.onnx does not exist: check MODEL_FILE"],
    [
      "a MODEL_FILE that is a folder",
      ["onnx/model.onnx"],
      "onnx",
      "onnx is a folder: name a file in MODEL_FILE",
    ],
    [
      "several",
      ["b.onnx", "a.onnx"],
      undefined,
      "FOLDER holds a.onnx, b.onnx: name one model.onnx, or set MODEL_FILE",
    ],
    [
      "several in the folder onnx",
      ["onnx/b.onnx", "onnx/a.onnx"],
      undefined,
      "FOLDER holds onnx/a.onnx, onnx/b.onnx: name one model.onnx, or set MODEL_FILE",
    ],
    ["none", ["labels.txt"], undefined, "FOLDER holds no *.onnx file: put model.onnx into it"],
  ])("refuses %s", (_, files, modelFile, line) => {
    expect(refused(folderOf(...files), modelFile)).toBe(line);
  });

  const fastai = "tools/export_fastai.py of this repository";
  const torch = "tools/export_torch.py of this repository";
  const optimum = `optimum-cli export onnx (Hugging Face), or ${torch}`;
  const tf2onnx = 'tf2onnx, or Keras 3\'s model.export with format="onnx"';

  test.each([
    ["export.pkl", [], fastai],
    ["best.pth", [], torch],
    ["best.pth", ["config.json"], torch],
    ["model.pt", [], torch],
    ["model.safetensors", [], torch],
    ["model.safetensors", ["config.json"], optimum],
    ["pytorch_model.bin", ["config.json"], optimum],
    ["pytorch_model-00001-of-00002.bin", ["config.json"], optimum],
    ["model.h5", [], tf2onnx],
    ["model.keras", ["config.json"], tf2onnx],
  ])("names the exporter where there is only %s (and %j)", (name, others, exporter) => {
    expect(refused(folderOf(name, ...others))).toBe(
      `${name} is a training checkpoint, not an ONNX model: export it with ${exporter}`,
    );
  });

  test("refuses a folder that does not exist", () => {
    expect(refused(join(folderOf(), "gone"))).toBe(
      "FOLDER does not exist: set MODEL_DIR to the model's folder",
    );
  });

  test("names what names the folder, where that is not MODEL_DIR", () => {
    expect(() => findModel("/nowhere", { setting: "base_path" })).toThrow(
      "/nowhere does not exist: set base_path to the model's folder",
    );
  });

  test("takes the version that is asked for, and no other", () => {
    const folder = folderOf("1/model.onnx", "007/model.onnx");
    expect(findModel(folder, { version: 7 })).toMatchObject({ version: 7, folder: join(folder, "007") });
    expect(() => findModel(folder, { version: 2 })).toThrow(/2 holds no \*\.onnx file/);
  });

  test("refuses a file for a folder", () => {
    const file = join(folderOf("model.onnx"), "model.onnx");
    writeFileSync(file, "");
    expect(refused(file)).toBe("FOLDER is not a folder: set MODEL_DIR to the folder that holds the model");
  });

  test.each<[string, string[], string, string]>([
    ["beside others", ["model.onnx", "model_fp16.onnx", "model_int8.onnx"], "fp16", ". model_fp16.onnx 1"],
    [
      "in the folder onnx",
      ["onnx/model.onnx", "onnx/model_q4f16.onnx"],
      "q4f16",
      ". onnx/model_q4f16.onnx 1",
    ],
    ["in a version folder", ["2/model.onnx", "1/model_int8.onnx"], "int8", "1 1/model_int8.onnx 1"],
    ["fp32, which has no suffix", ["model.onnx", "model_fp16.onnx"], "fp32", ". model.onnx 1"],
    [
      "q8, another word for quantized",
      ["model.onnx", "model_quantized.onnx"],
      "q8",
      ". model_quantized.onnx 1",
    ],
  ])("takes the variant %s", (_, files, modelVariant, expected) => {
    const folder = folderOf(...files);
    const { folder: home, modelPath, version } = findModel(folder, { modelVariant });
    const cut = (path: string) => path.slice(folder.length + 1);
    expect(`${cut(home) || "."} ${cut(modelPath)} ${version}`).toBe(expected);
  });

  test.each<[string, string[], object, RegExp]>([
    [
      "a variant that is not there",
      ["model.onnx", "onnx/model_int8.onnx"],
      { modelVariant: "fp16" },
      /holds no model_fp16\.onnx or onnx\/model_fp16\.onnx, but model\.onnx, onnx\/model_int8\.onnx: check MODEL_VARIANT$/,
    ],
    [
      "a variant with a path in it",
      ["model.onnx"],
      { modelVariant: "../x" },
      /^MODEL_VARIANT must be the end of a file's name/,
    ],
    [
      "a file and a variant",
      ["model.onnx"],
      { modelFile: "model.onnx", modelVariant: "fp16" },
      /both set: unset one$/,
    ],
    [
      "to guess among variants",
      ["onnx/model_fp16.onnx", "onnx/model_int8.onnx"],
      {},
      /name one model\.onnx, or set MODEL_VARIANT$/,
    ],
  ])("refuses %s", (_, files, choice, line) => {
    const folder = folderOf(...files);
    expect(refusal(folder, () => findModel(folder, choice))).toMatch(line);
  });
});
