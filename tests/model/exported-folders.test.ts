import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { request } from "../support/http-client.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { startServer } from "../support/start-server.ts";
import { refusedIn } from "./load-folder.ts";

/** Folders as the exporters wrote them, and what the frameworks say of two other pictures (tools/make-exported-models.py). */
const EXPORTED = fileURLToPath(new URL("./fixtures/exported/", import.meta.url));
const IMAGES = fileURLToPath(new URL("../parity/fixtures/images/", import.meta.url));

interface Reference {
  readonly images: readonly string[];
  readonly logits: Nested;
  readonly scores?: Nested;
}

type Nested = number | readonly Nested[];

const flat = (nested: Nested): number[] => (typeof nested === "number" ? [nested] : nested.flatMap(flat));

/** Asserts that all numbers are within 1e-4, relative above 1. */
function expectNear(got: Nested, want: Nested): void {
  const wanted = flat(want);
  const found = flat(got);
  expect(found).toHaveLength(wanted.length);
  const distances = wanted.map((number, i) => {
    const distance = Math.abs((found[i] ?? Number.NaN) - number) / Math.max(1, Math.abs(number));
    return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
  });
  expect(distances.reduce((a, b) => Math.max(a, b), 0)).toBeLessThan(1e-4);
}

const folders = ["fastai-presized", "fastai-multi-label", "fastai-unet", "torch-grey"];

describe("an exported folder", () => {
  test.each(folders)(
    "%s: the golden pair passes, and other pictures get the framework's numbers",
    async (name) => {
      const reference: Reference = JSON.parse(readFileSync(`${EXPORTED}${name}/predictions.json`, "utf8"));
      const server = await startServer({ flags: [`--model-dir=${EXPORTED}${name}`] });
      try {
        const instances = reference.images.map((file) => ({
          b64: readFileSync(IMAGES + file).toString("base64"),
        }));
        const ask = async (signature: string) => {
          const body = { signature_name: signature, instances };
          const { json } = await request(`${server.url}/v1/models/model:predict`, { body });
          return json.predictions as Nested;
        };
        expectNear(await ask("serving_default"), reference.logits);
        if (reference.scores !== undefined) expectNear(await ask("scores"), reference.scores);
      } finally {
        await server.close();
      }
    },
  );

  test.each(folders)("%s: is refused when a mean is off by one part in a hundred", async (name) => {
    const folder = temporaryModelFolder({});
    cpSync(EXPORTED + name, folder, { recursive: true });
    const path = join(folder, "preprocessor_config.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    config.image_mean[0] *= 1.01;
    writeFileSync(path, JSON.stringify(config));
    expect(await refusedIn(folder)).toMatch(/^golden: the outputs differ .* above the tolerance 0\.0001/);
  });
});
