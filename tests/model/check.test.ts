import { describe, expect, onTestFinished, test, vi } from "vitest";
import { check } from "../../src/check.ts";
import { parseSettings } from "../../src/config/parse-settings.ts";
import { EXAMPLE_NAMES, exampleDir } from "../support/examples.ts";
import { type FolderFiles, temporaryModelFolder } from "../support/model-folder.ts";
import { bandMeans, classifier, segmentation, staticBatchOne } from "../support/onnx/image-models.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

process.env.ORT_DISABLE_TELEMETRY = "1";

/** Checks a folder and returns what is printed. */
async function printed(folder: string, source = `--model-dir=${folder}`): Promise<string> {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  onTestFinished(() => write.mockRestore());
  const settings = parseSettings([source, "--device=cpu"], {});
  const exitCode = await check({ settings, cpus: 1, cuda: { devices: [0], areNamed: false } }).finally(() =>
    write.mockRestore(),
  );
  expect(exitCode).toBe(0);
  return lines.join("");
}

const report = (files: FolderFiles) => printed(temporaryModelFolder(files));

describe("check", () => {
  test("reports the repository's digits: every value with its origin, and the golden result", async () => {
    const text = await printed(DIGITS_DIR);
    expect(text).toMatch(/^Model\n {2}file {12}model\.onnx\n/);
    expect(text).toMatch(
      /\n {2}batching {2,}rows, at most \d+ in a run: a row takes \S+ ms in a batch of \d+/,
    );
    expect(text).toMatch(/\n {2}run time {2,}\S+ ms and \S+ ms for each row\n/);
    expect(text).toMatch(/\n {2}mean {2,}\S.* <- preprocessor_config\.json\n/);
    expect(text).toMatch(/\n {2}labels {2,}.*, \.\.\. \(10\) {3}<- config\.json\n/);
    expect(text).toMatch(/\n {2}signatures {2,}serving_default, class, label, scores, top_k\n/);
    expect(text).toMatch(/\n {2}golden {2,}passed, largest difference \S+ \(tolerance \S+\)\n/);
  });

  test("reports each of several models, and fails where one does", async () => {
    const root = temporaryModelFolder({ "b/2/model.onnx": halfPlusTwo(), "a/model.onnx": halfPlusTwo() });
    const text = await printed(root, `--model-base-path=${root}`);
    expect(text.match(/^== .*$/gm)).toEqual(["== a 1", "== b 2"]);
    const broken = temporaryModelFolder({ "a/model.onnx": halfPlusTwo(), "b/model.onnx": "no model" });
    await expect(printed(broken, `--model-base-path=${broken}`)).rejects.toThrow(/b\/model\.onnx/);
  });

  test.each(EXAMPLE_NAMES)(
    "has nothing to warn of in the example %s, whose golden pair passes",
    async (name) => {
      const text = await printed(exampleDir(name));
      expect(text).toMatch(/\nNo warnings\n$/);
      expect(text).toMatch(/\n {2}golden {2,}passed, /);
    },
  );

  test("warns of a static batch, a guessed activation and all that is missing", async () => {
    const text = await report({ "model.onnx": staticBatchOne() });
    expect(text).toMatch(/\nWarnings\n {2}1 /);
    for (const warning of [
      /static batch: the graph takes 1 row a run/,
      /activation guessed: softmax/,
      /no normalisation found/,
      /no labels found/,
      /no golden pair/,
    ]) {
      expect(text).toMatch(warning);
    }
  });

  test.each([
    ["letterbox", "letterbox to 8 x 8 pixels (height x width), grey 114 around it, bilinear"],
    ["crop", "centre of the same aspect, to 8 x 8 pixels (height x width), bilinear"],
    ["pad", "continued (reflection) to the aspect, to 8 x 8 pixels (height x width), bilinear"],
  ])("says in words what the resize %s does", async (method, line) => {
    const resize = { height: 8, width: 8, method };
    const text = await report({ "model.onnx": classifier(), "serving.json": { preprocess: { resize } } });
    expect(text).toContain(` ${line}   <- serving.json\n`);
  });

  test("guesses nothing that is stated", async () => {
    const text = await report({
      "model.onnx": classifier(),
      "serving.json": {
        activation: "sigmoid",
        labels: ["r", "g", "b"],
        preprocess: {
          mean: [0.5],
          std: [0.5],
          resize: { shortest_edge: 9, longest_edge: 99 },
          center_crop: { height: 8, width: 8 },
        },
      },
    });
    expect(text).not.toMatch(/guessed|no labels|no normalisation/);
    expect(text).toMatch(
      / resize {2,}shorter edge to 9, the longer to at most 99, bilinear {3}<- serving\.json\n/,
    );
    expect(text).toMatch(/ centerCrop {2,}8 x 8 pixels \(height x width\) {3}<- serving\.json\n/);
    expect(text).toMatch(/ labels {2,}r, g, b \(3\) {3}<- serving\.json\n/);
  });

  test("says that a segmentation model's classes have no names", async () => {
    expect(await report({ "model.onnx": segmentation() })).toMatch(/no labels found/);
  });

  test("names the hooks of a handler, what they do and where they came from", async () => {
    const text = await report({
      "model.onnx": classifier(),
      "handler.mjs": "export const preprocess = (image) => image; export const postprocess = () => 1;",
    });
    expect(text).toMatch(
      /\nCustom code\n {2}preprocess {6}before the resize and the normalisation {3}<- handler\.mjs\n {2}postprocess /,
    );
    expect(text).toMatch(/ signatures {2,}serving_default, class, scores, top_k, custom\n/);
  });

  test("asks for the activation of a segmentation of one class, and of no more: the best stays the best", async () => {
    const single = { "model.onnx": segmentation({ classes: 1 }), "labels.txt": "ground\nwater\n" };
    expect(await report(single)).toMatch(/activation guessed: sigmoid/);
    expect(await report({ "model.onnx": segmentation({ classes: 3 }) })).not.toMatch(/guessed/);
  });

  test("reports a model of plain tensors", async () => {
    const text = await report({ "model.onnx": halfPlusTwo() });
    expect(text).toMatch(/the model takes plain tensors/);
    expect(text).toMatch(/\nNo warnings\n$/);
  });

  test("says that a model takes raw arrays, and what becomes of their numbers", async () => {
    const text = await report({ "model.onnx": bandMeans() });
    expect(text).toMatch(/\n {2}takes {2,}raw arrays of 6 bands, no pictures\n/);
    expect(text).toMatch(/\n {2}color {2,}bands {3}<- the graph's input shape\n/);
    expect(text).toMatch(
      /\n {2}rescaleFactor {2,}1\/255; 1 for arrays of other types than uint8 {3}<- default\n/,
    );
    expect(text).toMatch(
      /no normalisation found: bands of uint8 are divided by 255, others keep their numbers/,
    );
    expect(await report({ "model.onnx": classifier() })).toMatch(
      /\n {2}takes {2,}pictures, and raw arrays of 3 bands\n/,
    );
  });

  test("fails as a start does", async () => {
    await expect(report({ "labels.txt": "a\n" })).rejects.toMatchObject({ name: "StartupError" });
  });
});
