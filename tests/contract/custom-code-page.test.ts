import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { classifier, segmentation } from "../support/onnx/image-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = readFileSync(join(REPOSITORY, "docs/custom-code.md"), "utf8");
const [BRIGHTER = "", SHARES = ""] = blocks("js");

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`\`\`\`${language}.*\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, text = ""]) => text,
  );
}

async function serve(
  model: Uint8Array<ArrayBuffer>,
  labels: readonly string[],
  handler: string,
): Promise<string> {
  const servingJson = { labels, preprocess: { mean: [0], std: [1] } };
  const started = await startServer({
    files: { "model.onnx": model, "serving.json": servingJson, "handler.mjs": handler },
  });
  onTestFinished(() => started.close());
  return started.url;
}

/** Checks a handler with the page's own commands; returns what the compiler says. */
function typecheck(handler: string): string {
  const folder = temporaryModelFolder({ "handler.mjs": handler });
  const [link = "", compile = ""] = blocks("sh").at(-1)?.trim().split("\n") ?? [];
  expect(link).toBe("mkdir -p node_modules && ln -s path/to/onnx-serving node_modules/onnx-serving");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(REPOSITORY, join(folder, "node_modules/onnx-serving"));
  const [npx, tsc, ...flags] = compile.split(" ");
  expect([npx, tsc]).toEqual(["npx", "tsc"]);
  const bin = join(REPOSITORY, "node_modules/.bin/tsc");
  const { stdout, status } = spawnSync(bin, flags, { cwd: folder, encoding: "utf8" });
  expect(status === 0).toBe(stdout === "");
  return stdout;
}

describe("the examples of docs/custom-code.md", () => {
  test("brightens the image, and turns a small one down", async () => {
    const url = await serve(classifier(), ["red", "green", "blue"], BRIGHTER);
    const dark = imageInstance(solidPng(8, 8, [64, 16, 4]));
    const small = imageInstance(solidPng(7, 8, [64, 16, 4]));
    const body = { signature_name: "serving_default", instances: [dark, small] };
    const { predictions } = (await request(`${url}/analyze:predict`, { body })).json as {
      predictions: [number[], object];
    };
    // 255 * sqrt(64 / 255) = 127.7, 63.9 and 31.9. Tolerance: float32's own.
    [128, 64, 32].forEach((level, i) => {
      expect(predictions[0][i]).toBeCloseTo(level / 255, 6);
    });
    expect(predictions[1]).toEqual({
      error: { code: "INVALID_ARGUMENT", message: "instances[1]: expected 8 x 8 pixels or more, got 7 x 8" },
    });
  });

  test("answers with the share of each class", async () => {
    const url = await serve(segmentation({ classes: 3 }), ["water", "forest", "road"], SHARES);
    // Two columns of red, water to this model, and six of blue and half a green.
    const pixels = Array.from({ length: 64 }, (_, i) => (i % 8 < 2 ? [255, 0, 0] : [0, 128, 255])).flat();
    const png = await sharp(Uint8Array.from(pixels), { raw: { height: 8, width: 8, channels: 3 } })
      .png()
      .toBuffer();
    const instances = [imageInstance(png)];
    const body = { instances, parameters: { threshold: 0.7 } };
    expect((await request(`${url}/analyze:predict`, { body })).text).toBe(blocks("json")[0]?.trim());
    const lower = (await request(`${url}/analyze:predict`, { body: { instances } })).json;
    expect(lower).toEqual({ predictions: [{ water: 0.25, forest: 0.75, road: 0.75 }] });
  });

  test("fit the published types, which see a wrong name and a wrong answer", () => {
    expect(typecheck(BRIGHTER)).toBe("");
    expect(typecheck(SHARES)).toBe("");
    expect(typecheck(BRIGHTER.replaceAll("image.height", "image.heigth"))).toContain("TS2551");
    expect(typecheck(BRIGHTER.replace("...image, data", "data"))).toContain("TS2322");
  });
});
