import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { zip } from "../support/zip.ts";
import { load, refused } from "./load-folder.ts";

/** A model archive as torch-model-archiver writes it. */
function mar(serializedFile: string, handler = "image_classifier"): Buffer {
  const model = { modelName: "colors", serializedFile, handler, modelVersion: "2.0" };
  return zip([
    { name: serializedFile, content: classifier({ height: 224, width: 224 }) },
    { name: "index_to_name.json", content: '{"0":"red","1":"green","2":"blue"}' },
    { name: "handler.py", content: "#".repeat(2000) },
    { name: "MAR-INF/MANIFEST.json", content: JSON.stringify({ runtime: "python", model }) },
  ]);
}

describe("a model archive", () => {
  // What is unpacked stays as long as the process.
  beforeEach(() => vi.stubEnv("TMPDIR", temporaryModelFolder({})));
  afterEach(() => vi.unstubAllEnvs());

  test("is served as TorchServe's handler would feed it, with its labels and its version", async () => {
    const { servable, session } = await load(
      join(temporaryModelFolder({ "a.mar": mar("colors.onnx") }), "a.mar"),
    );
    onTestFinished(() => session.close());
    expect([servable.version, servable.file]).toEqual([2, "colors.onnx"]);
    expect(servable.head).toMatchObject({ task: "classification", labels: ["red", "green", "blue"] });
    expect(servable.preprocess).toMatchObject({
      resize: { kind: "shortest_edge", edgePixels: 256 },
      centerCrop: { height: 224, width: 224 },
      mean: [0.485, 0.456, 0.406],
    });
    expect(servable.origins.mean).toBe("MAR-INF/MANIFEST.json (image_classifier)");
    expect(servable.origins.labels).toBe("index_to_name.json");
  });

  test("with another file than an ONNX one is refused with the exporter's name", async () => {
    const line =
      "a.mar: its model colors.pt is not an ONNX model: export it with tools/export_torch.py of this repository";
    expect(await refused({ "a.mar": mar("colors.pt") })).toBe(line);
  });

  test("larger than MAX_ARCHIVE_BYTES is refused", async () => {
    expect(await refused({ "a.mar": mar("colors.onnx") }, "--max-archive-bytes=1024")).toContain(
      "MAX_ARCHIVE_BYTES",
    );
  });
});
