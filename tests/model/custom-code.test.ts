import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { classifier, segmentation } from "../support/onnx/image-models.ts";
import { halfPlusTwo, noBatchAxis } from "../support/onnx/tensor-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { golden, refused, refusedIn, served } from "./load-folder.ts";

const RECIPE = { "serving.json": { preprocess: { mean: [0], std: [1] } } };

/** Makes every image red, whatever it was. */
const REDDEN = `export const preprocess = (image) => {
  const data = image.data.map((_, i) => (i % 3 === 0 ? 255 : 0));
  return { ...image, data };
};`;

/** A golden pair that expects these logits of a blue picture. */
const blueGives = (...data: number[]) => ({
  ...golden({ logits: { shape: [1, 3], data } }),
  "golden/image.png": solidPng(16, 16, [0, 0, 255]),
});

describe("loadServable, of a folder with handler.mjs", () => {
  test("names the hooks and where they came from, beside the values of the recipe", async () => {
    const handler = `${REDDEN} export const postprocess = () => 1;`;
    const servable = await served({ "model.onnx": classifier(), ...RECIPE, "handler.mjs": handler });
    expect(servable).toMatchObject({
      custom: { hooks: ["preprocess", "postprocess"] },
      imageHooks: { input: { name: "image", shape: ["N", 3, 8, 8] } },
      head: { task: "classification", hasPostprocess: true },
      origins: { mean: "serving.json", preprocess: "handler.mjs", postprocess: "handler.mjs" },
    });
  });

  test("lets no image pass hooks that are not there", async () => {
    const files = { "model.onnx": classifier(), ...RECIPE };
    expect(await served(files)).not.toHaveProperty("custom");
    const servable = await served({ ...files, "handler.mjs": "export const postprocess = () => 1;" });
    expect(servable).not.toHaveProperty("imageHooks");
  });

  test("takes the handler of UTILS_DIR, and warns of one that holds none", async () => {
    const files = { "model.onnx": classifier(), ...RECIPE };
    const utils = temporaryModelFolder({ "handler.mjs": REDDEN });
    const servable = await served(files, `--utils-dir=${utils}`);
    expect(servable.origins).toMatchObject({ preprocess: "UTILS_DIR/handler.mjs" });
    const python = temporaryModelFolder({ "utils.py": "" });
    const { warnings, ...without } = await served(files, `--utils-dir=${python}`);
    expect(without).not.toHaveProperty("custom");
    expect(warnings).toContainEqual(expect.stringMatching(/^UTILS_DIR is not used/));
  });

  test("takes the golden image through the hooks", async () => {
    const files = { "model.onnx": classifier(), ...RECIPE, "handler.mjs": REDDEN };
    expect(await served({ ...files, ...blueGives(1, 0, 0) })).toMatchObject({ golden: { passed: true } });
    expect(await refused({ ...files, ...blueGives(0, 0, 1) })).toMatch(/^golden: the outputs differ/);
  });

  test("refuses a golden image that a hook fails on, with the reason", async () => {
    const handler = `export const preprocess = () => { throw new Error("no such band"); };`;
    expect(
      await refused({ "model.onnx": classifier(), ...RECIPE, "handler.mjs": handler, ...blueGives(0, 0, 1) }),
    ).toBe("golden: the image can't be used: handler.mjs failed in preprocess: no such band");
  });

  test("tries the hooks with a picture where there is no golden pair", async () => {
    const files = (handler: string) => ({ "model.onnx": segmentation(), ...RECIPE, "handler.mjs": handler });
    expect(await refused(files("export const preprocess = () => 1;"))).toMatch(
      /^the trial run: handler\.mjs failed in preprocess: expected \{ height/,
    );
    expect(await refused(files("export const postprocess = ({ score }) => score.data;"))).toMatch(
      /^the trial run: handler\.mjs failed in postprocess: Cannot read/,
    );
    const told =
      "export const postprocess = (_, { origin }) => (origin.source.height === 256 ? 1 : undefined);";
    await expect(served(files(`${REDDEN} ${told}`))).resolves.toBeDefined();
  });

  test("tells postprocess alone where the picture of the trial came from, too", async () => {
    const handler = "export const postprocess = (_, { origin }) => origin.source.height;";
    await expect(
      served({ "model.onnx": classifier(), ...RECIPE, "handler.mjs": handler }),
    ).resolves.toBeDefined();
  });

  test.each([
    [
      "the picture",
      (reject: string) => `export const preprocess = ${reject};
      export const postprocess = (_, { origin }) => origin.row;`,
    ],
    ["its outputs", (reject: string) => `export const postprocess = ${reject};`],
  ])("starts though a hook turns %s of the trial down", async (_, handler) => {
    const reject = `() => { throw Object.assign(new Error("too dark"), { code: "INVALID_IMAGE" }); }`;
    const files = { "model.onnx": classifier(), ...RECIPE, "handler.mjs": handler(reject) };
    await expect(served(files)).resolves.toBeDefined();
  });

  test.each([
    [
      "an export that is no hook",
      "export const postproces = 1;",
      /^handler\.mjs exports "postproces", but .*rename/,
    ],
    [
      "code that can't be read",
      "export const = 1;",
      /^handler\.mjs can't be imported: .*; node with this file/,
    ],
  ])("refuses %s in one line", async (_, handler, line) => {
    expect(await refused({ "model.onnx": classifier(), "handler.mjs": handler })).toMatch(line);
  });

  test("refuses a handler that leads out of the folder", async () => {
    const folder = temporaryModelFolder({ "model.onnx": classifier() });
    symlinkSync(
      join(temporaryModelFolder({ "handler.mjs": REDDEN }), "handler.mjs"),
      join(folder, "handler.mjs"),
    );
    expect(await refusedIn(folder)).toMatch(/^handler\.mjs is a link to a file outside /);
  });

  test("refuses hooks that would never be called", async () => {
    expect(await refused({ "model.onnx": halfPlusTwo(), "handler.mjs": REDDEN })).toMatch(
      /^handler\.mjs exports preprocess, but the model takes no images/,
    );
    const handler = "export const postprocess = () => 1;";
    expect(await refused({ "model.onnx": noBatchAxis(), "handler.mjs": handler })).toMatch(
      /^handler\.mjs exports postprocess, but the model has no batch axis/,
    );
  });

  test("takes custom as DEFAULT_SIGNATURE only where it is offered", async () => {
    const files = { "model.onnx": classifier(), ...RECIPE };
    const flag = "--default-signature=custom";
    await expect(
      served({ ...files, "handler.mjs": "export const postprocess = () => 1;" }, flag),
    ).resolves.toBeDefined();
    expect(await refused(files, flag)).toMatch(/^DEFAULT_SIGNATURE: .*"custom" not found/);
  });
});
