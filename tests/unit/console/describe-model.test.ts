import { describe, expect, test } from "vitest";
import { describeModel } from "../../../src/console/describe-model.ts";
import type { ModelMetadata } from "../../../src/console/model-metadata.ts";
import { CLASSIFIER } from "./model-metadata.ts";

const INPUTS = { x: { dtype: "DT_FLOAT", tensor_shape: { dim: [{ size: "-1" }, { size: "3" }] } } };

/** What the card says, by the names of its rows. */
function rowsOf(
  model: Partial<ModelMetadata>,
): Record<string, { text: string; origin?: string | undefined }> {
  const sections = describeModel({ model: { ...CLASSIFIER, ...model }, inputs: INPUTS });
  return Object.fromEntries(sections.flatMap(({ rows }) => rows).map(({ name, ...row }) => [name, row]));
}

describe("describeModel", () => {
  test("says each value of the preprocessing with the file that it came from", () => {
    expect(rowsOf({})).toMatchObject({
      Task: { text: "classification", origin: "the output's shape" },
      Color: { text: "RGB" },
      Resize: { text: "exact, 32 × 48, bilinear", origin: "preprocessor_config.json" },
      "Rescale factor": { text: "1/255" },
      Mean: { text: "0.485, 0.456, 0.406" },
    });
    expect(rowsOf({})["Is factor for bytes"]).toBeUndefined();
  });

  test("says how near the golden pair came, or that there is none", () => {
    expect(rowsOf({})["Golden pair"]?.text).toBe("passed; largest difference 0.00001234, allowed 0.001");
    expect(rowsOf({ golden: null })["Golden pair"]?.text).toMatch(/^none/);
  });

  test("says what a model of tensors takes", () => {
    expect(rowsOf({ accepts: null, preprocess: null }).Input?.text).toBe("x float [?, 3]");
    expect(rowsOf({}).Input?.text).toBe("images");
  });

  test("counts long lists of labels", () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
    expect(rowsOf({ labels }).Labels?.text).toMatch(/^class 0, .*class 11 … \(1000\)$/);
  });

  test("gives the reasons of batch size and lanes", () => {
    const measured = [{ batch_size: 4, run_ms: 12.345 }];
    const rows = rowsOf({ batching: { ...CLASSIFIER.batching, measured } });
    expect(rows.Batches).toEqual({ text: "up to 4 rows", origin: "the best of those tried" });
    expect(rows.Lanes).toEqual({ text: "1 session of 2 threads", origin: "one is the fastest" });
    expect(rows["Run of 4"]?.text).toBe("12.3 ms");
  });
});
