import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { findModel } from "../../../src/model/find-model.ts";
import { openArchive } from "../../../src/model/open-archive.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { type ZipEntry, zip } from "../../support/zip.ts";

function mar(model: object | undefined, ...more: readonly ZipEntry[]): Buffer {
  const manifest = { name: "MAR-INF/MANIFEST.json", content: JSON.stringify({ runtime: "python", model }) };
  return zip([...(model === undefined ? [] : [manifest]), ...more]);
}

const ONNX: ZipEntry = { name: "net.onnx", content: "weights" };
const GOOD = mar({ modelName: "net", serializedFile: "net.onnx", handler: "image_classifier" }, ONNX);

async function open(
  modelDir: string,
  choice: { readonly modelFile?: string; readonly modelVariant?: string } = {},
) {
  const opened = await openArchive({ modelDir, maxArchiveBytes: 1e6, ...choice });
  if (opened.modelDir !== modelDir) onTestFinished(() => rmSync(opened.modelDir, { recursive: true }));
  return opened;
}

describe("openArchive", () => {
  test.each([
    ["MODEL_DIR names", "a.mar", {}],
    ["MODEL_DIR holds alone", "", {}],
    ["MODEL_FILE names", "", { modelFile: "a.mar" }],
  ])("makes a model folder of the archive that %s", async (_, name, choice) => {
    const folder = temporaryModelFolder({ "a.mar": GOOD, "notes.txt": "" });
    const opened = await open(join(folder, name), choice);
    expect(opened.modelFile).toBe("net.onnx");
    expect(readdirSync(opened.modelDir).sort()).toEqual(["MAR-INF", "net.onnx"]);
  });

  test.each([
    ["3.0", 3],
    ["2", 2],
    [4, 4],
    ["1.2.3", 1],
    ["latest", 1],
  ])("takes modelVersion %s for version %i", async (modelVersion, version) => {
    const folder = temporaryModelFolder({ "a.mar": mar({ serializedFile: "net.onnx", modelVersion }, ONNX) });
    const opened = await open(folder);
    expect(findModel(opened.modelDir, opened).version).toBe(version);
  });

  test.each([
    ["an ONNX file", { "model.onnx": "x", "a.mar": GOOD }, {}],
    ["a version folder", { "2/model.onnx": "x", "a.mar": GOOD }, {}],
    ["no archive", { "notes.txt": "" }, {}],
    ["an archive, where a variant is asked for", { "a.mar": GOOD }, { modelVariant: "fp16" }],
    ["no such file", { "a.mar": GOOD }, { modelFile: "b.mar" }],
    ["another file to serve", { "b.onnx": "x", "a.mar": GOOD }, { modelFile: "b.onnx" }],
  ])("leaves a folder as it is that holds %s", async (_, files, choice) => {
    const modelDir = temporaryModelFolder(files);
    expect(await openArchive({ modelDir, maxArchiveBytes: 1e6, ...choice })).toEqual({
      modelDir,
      maxArchiveBytes: 1e6,
      ...choice,
    });
  });

  test("leaves a folder as it is whose name ends like an archive's, and one that is not there", async () => {
    const modelDir = join(temporaryModelFolder({}), "model.mar");
    expect((await open(modelDir)).modelDir).toBe(modelDir);
    mkdirSync(modelDir);
    writeFileSync(join(modelDir, "model.onnx"), "");
    expect((await open(modelDir)).modelDir).toBe(modelDir);
  });

  test.each([
    ["several archives", { "a.mar": GOOD, "b.mar": GOOD }, {}, "holds a.mar, b.mar: set MODEL_FILE"],
    ["no manifest", { "a.mar": mar(undefined, ONNX) }, {}, "no MAR-INF/MANIFEST.json"],
    ["no serializedFile", { "a.mar": mar({ handler: "x.py" }) }, {}, "names no serializedFile"],
    [
      "TorchScript",
      { "a.mar": mar({ serializedFile: "net.pt" }) },
      {},
      "export it with tools/export_torch.py",
    ],
    [
      "a file of no known kind",
      { "a.mar": mar({ serializedFile: "net.bin7" }) },
      {},
      "tools/export_torch.py",
    ],
    ["a manifest that is none", { "a.mar": mar([7]) }, {}, "MANIFEST.json: model"],
  ])("refuses %s", async (_, files, choice, text) => {
    const modelDir = temporaryModelFolder(files);
    const temporary = temporaryModelFolder({});
    vi.stubEnv("TMPDIR", temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(openArchive({ modelDir, maxArchiveBytes: 1e6, ...choice })).rejects.toThrow(text);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("refuses an archive outside of MODEL_DIR", async () => {
    const folder = temporaryModelFolder({ "a.mar": GOOD, "in/notes.txt": "" });
    await expect(open(join(folder, "in"), { modelFile: "../a.mar" })).rejects.toThrow("outside MODEL_DIR");
  });
});
