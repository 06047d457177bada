import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readGoldenPair } from "../../../src/model/golden.ts";
import { readRecipe } from "../../../src/model/read-recipe.ts";
import { type FolderFiles, temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const SERVING_JSON = { "serving.json": { labels: "names.txt" } };
const TRITON = { "config.pbtxt": 'output [ { name: "y" label_filename: "names.txt" } ]' };
const EXPECTED = { image: "image.png", outputs: { y: { shape: [1], data: [1] } }, tolerance: 1 };

/** Reads all that is read of a folder beside the model and a handler. */
function readAll(modelDir: string, folder = modelDir) {
  const modelPath = join(folder, "model.onnx");
  const recipe = readRecipe({ modelDir, folder, modelPath, onnx: { inputs: [], metadata: {} } });
  return { labels: recipe.values.labels, golden: readGoldenPair(folder, modelDir) };
}

/** A folder in which one file is a link, to where `target` says. */
function folderWithLink(file: string, target: string, files: FolderFiles = {}): string {
  const folder = temporaryModelFolder(files);
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  symlinkSync(target, join(folder, file));
  return folder;
}

describe("what is read of a model folder", () => {
  const cases: [string, FolderFiles][] = [
    ["serving.json", {}],
    ["names.txt", SERVING_JSON],
    ["preprocessor_config.json", {}],
    ["config.json", {}],
    ["index_to_name.json", {}],
    ["labels.txt", {}],
    ["classes.txt", {}],
    ["config.pbtxt", {}],
    ["names.txt", TRITON],
    ["golden/expected.json", {}],
    ["golden/image.png", { "golden/expected.json": EXPECTED }],
  ];

  test.each(cases)("is refused where %s links out of the folder, or to nothing", (file, files) => {
    const outside = join(temporaryModelFolder({ secret: "{}" }), "secret");
    const linked = folderWithLink(file, outside, files);
    expect(refusal(linked, () => readAll(linked))).toMatch(
      new RegExp(`^${file.replaceAll(".", "\\.")} is a link to a file outside .*cp -L`),
    );
    const dangling = folderWithLink(file, "nothing", files);
    expect(refusal(dangling, () => readAll(dangling))).toMatch(/ is a link to nothing: .*cp -L/);
  });

  test("is refused where expected.json names an image outside", () => {
    const folder = temporaryModelFolder({
      "golden/expected.json": { ...EXPECTED, image: "../../../etc/hostname" },
    });
    expect(refusal(folder, () => readAll(folder))).toMatch(/image \.\..* is outside the model's folder/);
  });

  test("may be links that stay inside, as Kubernetes mounts a ConfigMap", () => {
    const folder = folderWithLink("labels.txt", "..data/labels.txt", { "..2026_01_01/labels.txt": "a\nb\n" });
    symlinkSync("..2026_01_01", join(folder, "..data"));
    expect(readAll(folder).labels).toEqual(["a", "b"]);
  });

  test("may be links of a version folder to a file beside it", () => {
    const folder = folderWithLink("2/labels.txt", "../labels.txt", { "labels.txt": "a\nb\n" });
    expect(readAll(folder, join(folder, "2")).labels).toEqual(["a", "b"]);
  });

  test("may be links of a Hugging Face cache's snapshot to its blobs", () => {
    const repository = temporaryModelFolder({ "blobs/5a": { id2label: { 0: "a", 1: "b" } } });
    const snapshot = join(repository, "snapshots", "1f3c");
    mkdirSync(snapshot, { recursive: true });
    symlinkSync("../../blobs/5a", join(snapshot, "config.json"));
    expect(readAll(snapshot).labels).toEqual(["a", "b"]);
  });
});
