import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { preprocess } from "../../src/image/preprocess.ts";
import type { PreprocessSpec } from "../../src/image/preprocess-spec.ts";
import { choosePreprocess } from "../../src/model/choose-preprocess.ts";
import { readPreprocessorConfig } from "../../src/model/hugging-face.ts";
import type { ImageInput } from "../../src/model/image-input.ts";
import { readRecipe } from "../../src/model/read-recipe.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { decodeFixture } from "./references.ts";

const FOLDER = new URL("./fixtures/libraries/", import.meta.url);
const PAGE = readFileSync(new URL("../../docs/serving-json.md", import.meta.url), "utf8");

interface Row {
  readonly file: string;
  readonly shape: readonly number[];
  readonly sha256?: string;
  /** Every so many values of the row, where the last bit may differ. */
  readonly step?: number;
  readonly numbers?: readonly number[];
}

interface Library {
  readonly library: string;
  readonly version: string;
  readonly defaults?: Readonly<Record<string, object>>;
  readonly cases: readonly {
    readonly title: string;
    readonly files?: Readonly<Record<string, object>>;
    /** Channels, height and width of the model's input where it is fixed. */
    readonly input?: readonly [channels: number, height: number, width: number];
    readonly rows: readonly Row[];
  }[];
}

/** What the libraries themselves gave; tools/make-library-references.py wrote it. */
const LIBRARIES = readdirSync(FOLDER).map(
  (name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as Library,
);

/** Returns what the server makes of a model folder with these files. */
function chosen(
  files: Readonly<Record<string, object>>,
  [channels, height, width]: readonly [number, number?, number?],
): PreprocessSpec {
  const folder = temporaryModelFolder(files);
  const shape = ["batch", channels, height ?? "height", width ?? "width"];
  const inputs = [{ name: "input", dtype: "float32", shape }] as const;
  const modelPath = join(folder, "model.onnx");
  const recipe = readRecipe({ modelDir: folder, folder, modelPath, onnx: { inputs, metadata: {} } });
  const input: ImageInput = { name: "input", layout: "CHW", dtype: "float32", channels, height, width };
  return choosePreprocess(input, recipe).spec;
}

/** Holds each row equal to the library's to the last bit; where combined operations round otherwise, to 1e-6. */
async function expectRows(spec: PreprocessSpec, rows: readonly Row[]): Promise<void> {
  expect(rows.length).toBeGreaterThan(3);
  for (const { file, shape, sha256, step = 1, numbers = [] } of rows) {
    const raster = await decodeFixture(file, spec.color === "L" ? "L" : "RGB");
    const { row } = preprocess(raster, spec);
    expect(row.shape, file).toEqual(shape);
    const data = row.data as Float32Array;
    if (sha256 === undefined) {
      expect(numbers.length).toBeGreaterThan(50);
      numbers.forEach((number, i) => {
        expect(Math.abs((data[i * step] as number) - number), file).toBeLessThanOrEqual(1e-6);
      });
      continue;
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    expect(createHash("sha256").update(bytes).digest("hex"), file).toBe(sha256);
  }
}

describe.each(LIBRARIES)("a folder of $library $version", ({ library, cases, defaults = {} }) => {
  test.each(cases)("gives the library's own row: $title", async ({ title, files, input, rows }) => {
    const written = files ?? { "serving.json": preset(title) };
    await expectRows(chosen(written, input ?? [3]), rows);
  });

  test.runIf(Object.keys(defaults).length > 0).each(Object.entries(defaults))(
    "without any key takes the defaults of %s",
    (name, stated) => {
      const read = (content: object) =>
        readPreprocessorConfig(temporaryModelFolder({ "preprocessor_config.json": content }));
      const type = { image_processor_type: `${name}ImageProcessor` };
      const got = read(type);
      expect(got).toEqual(read({ ...stated, ...type }));
      expect(got?.values.mean).toBeDefined();
      expect(library).toBe("transformers");
    },
  );
});

/** Returns the serving.json that the page shows for a preset of torchvision's. */
function preset(title: string): object {
  const [, snippet] = PAGE.split(`\`${title}\``)[1]?.match(/```json.*\n([\s\S]*?)```/) ?? [];
  if (snippet === undefined) throw new Error(`docs/serving-json.md shows no JSON for ${title}`);
  return JSON.parse(snippet) as object;
}
