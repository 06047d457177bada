import { describe, expect, test } from "vitest";
import { readArchiveRecipe } from "../../../src/model/archive-manifest.ts";
import { readRecipe } from "../../../src/model/read-recipe.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const folderOf = (handler: string | null, more: Record<string, object> = {}) =>
  temporaryModelFolder({
    "MAR-INF/MANIFEST.json": { model: { serializedFile: "m.onnx", handler } },
    ...more,
  });

describe("readArchiveRecipe", () => {
  test.each(["image_classifier", "image_classifier.py", "image_segmenter"])(
    "feeds a model as %s does",
    (handler) => {
      expect(readArchiveRecipe(folderOf(handler))).toMatchObject({
        values: {
          resize: { kind: "shortest_edge", edgePixels: 256, filter: "bilinear" },
          centerCrop: { height: 224, width: 224 },
          mean: [0.485, 0.456, 0.406],
        },
      });
    },
  );

  test("feeds a detector pictures of their own size, as object_detector does", () => {
    expect(readArchiveRecipe(folderOf("object_detector"))?.values).toMatchObject({
      task: "detection",
      resize: false,
    });
  });

  test("warns that a handler of the owner's is not run, unless serving.json says how to feed the model", () => {
    const onnx = { inputs: [], metadata: new Map() };
    const warningsOf = (folder: string) =>
      readRecipe({ modelDir: folder, folder, modelPath: "m.onnx", onnx: onnx as never }).warnings ?? [];
    expect(warningsOf(folderOf("my_handler.py"))).toEqual([
      "the archive's handler my_handler.py is not run: say in serving.json how it prepares an image",
    ]);
    const stated = { "serving.json": { preprocess: { mean: [0, 0, 0], std: [1, 1, 1] } } };
    expect(warningsOf(folderOf("my_handler.py", stated))).toEqual([]);
  });

  test("leaves the rounding of a crop to whoever states the crop", () => {
    const onnx = { inputs: [], metadata: new Map() };
    const crop = { crop_size: { height: 32, width: 32 }, do_center_crop: true };
    const of = (more: Record<string, object>) => {
      const folder = folderOf("image_classifier", more);
      return readRecipe({ modelDir: folder, folder, modelPath: "m.onnx", onnx: onnx as never }).values;
    };
    expect(of({}).cropRounding).toBe("half_even");
    expect(of({ "preprocessor_config.json": crop })).toMatchObject({ centerCrop: { height: 32, width: 32 } });
    expect(of({ "preprocessor_config.json": crop }).cropRounding).toBeUndefined();
  });

  test("says nothing of a folder without a manifest, or without a handler", () => {
    expect(readArchiveRecipe(temporaryModelFolder({}))).toBeUndefined();
    expect(readArchiveRecipe(folderOf(null))).toBeUndefined();
  });
});
