import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../../src/config/parse-settings.ts";
import type { HttpApi } from "../../../../src/http/http-api.ts";
import { buildDocument } from "../../../../src/http/openapi/build-document.ts";
import { routeTable } from "../../../../src/http/routes.ts";
import type { Servable } from "../../../../src/servable.ts";
import type { Head } from "../../../../src/signature/head.ts";
import type { TensorSpec } from "../../../../src/tensor/tensor.ts";
import type { ApiDocument } from "../../../support/api-document.ts";

const settings = parseSettings(["--max-instances=7"], {});
const routes = routeTable({ settings } as HttpApi);

interface Source {
  readonly name?: string;
  readonly version?: number;
  readonly head?: Head;
  readonly inputs?: readonly TensorSpec[];
  readonly outputs?: readonly TensorSpec[];
  readonly more?: Partial<Servable>;
}

const IMAGE: TensorSpec = { name: "image", dtype: "float32", shape: ["N", 3, 8, 8] };
const LOGITS: TensorSpec = { name: "logits", dtype: "float32", shape: ["N", 3] };

/** A model of images that are not resized, unless `inputs` says otherwise. */
function servable({ name = "model", version = 1, head, inputs, outputs = [LOGITS], more }: Source): Servable {
  const isImage = inputs === undefined;
  return {
    name,
    version,
    info: { inputs: inputs ?? [IMAGE], outputs, provider: "cpu" },
    modelInputs: { inputs: inputs ?? [IMAGE], batching: "rows", ...(isImage ? { imageInput: "image" } : {}) },
    ...(isImage ? { preprocess: { color: "RGB", layout: "CHW", mean: [0, 0, 0] } } : {}),
    head: head ?? { task: "generic" },
    batching: { kind: "rows" },
    ...more,
  } as unknown as Servable;
}

function build(...servables: Servable[]): ApiDocument {
  const names = [...new Set(servables.map(({ name }) => name))];
  return buildDocument({ routes, settings, names, servables }) as unknown as ApiDocument;
}

const schemasOf = (source: Source) => build(servable(source)).components.schemas;

function exampleOf(document: ApiDocument, path: string, key = "model"): unknown {
  const content = document.paths[path]?.post?.requestBody?.content["application/json"];
  return content?.examples?.[key]?.value;
}

const classification = (more: object): Head => ({
  task: "classification",
  output: "logits",
  classes: 3,
  activation: "softmax",
  ...more,
});

describe("buildDocument", () => {
  test("describes a class by its bounds, and the list of those that pass of several labels", () => {
    const bounded = { type: "integer", minimum: 0, maximum: 2 };
    expect(schemasOf({ head: classification({}) })["model.class"]).toMatchObject(bounded);
    expect(schemasOf({ head: classification({ isMultiLabel: true }) })["model.class"]).toMatchObject({
      type: "array",
      items: bounded,
    });
  });

  test("names the labels, each once, and leaves them out where there are thousands", () => {
    const labelled = schemasOf({ head: classification({ labels: ["red", "red", "blue"] }) });
    expect(JSON.stringify(labelled["model.Label"])).toContain('{"enum":["red","blue"]}');
    const many = Array.from({ length: 1001 }, (_, i) => `label ${i}`);
    const schemas = schemasOf({ head: classification({ classes: 1001, labels: many }) });
    expect(schemas["model.Label"]).toBeUndefined();
    expect(schemas["model.label"]).toMatchObject({ type: "string" });
  });

  test("writes raw outputs as rows: by name where there are several, bytes of strings as base64", () => {
    const raw = (...outputs: TensorSpec[]) => schemasOf({ outputs })["model.serving_default"];
    expect(raw(LOGITS)).toMatchObject({ type: "array", minItems: 3, maxItems: 3 });
    expect(raw({ ...LOGITS, shape: ["N", "k"] })).not.toHaveProperty("maxItems");
    expect(raw({ ...LOGITS, shape: ["N"] })).toMatchObject({ type: ["number", "null"] });
    expect(raw(LOGITS, { name: "y_bytes", dtype: "string", shape: ["N"] })).toMatchObject({
      required: ["logits", "y_bytes"],
      properties: { y_bytes: { required: ["b64"] } },
    });
  });

  test("takes as many instances as the settings allow", () => {
    expect(JSON.stringify(schemasOf({}).AnalyzeRequest)).toContain('"maxItems":7');
  });

  test("allows any parameter where the model's own code answers", () => {
    const parameters = (head: Head) => schemasOf({ head }).Parameters;
    expect(parameters(classification({}))).toHaveProperty("additionalProperties", false);
    expect(parameters(classification({ hasPostprocess: true }))).not.toHaveProperty("additionalProperties");
  });

  test("shows the image of the golden pair, else one of the size that the model takes", () => {
    const exampleImage = Uint8Array.of(1, 2, 3);
    expect(exampleOf(build(servable({ more: { exampleImage } })), "/analyze:predict")).toEqual({
      instances: [{ image_bytes: { b64: "AQID" } }],
    });
    const { instances } = exampleOf(build(servable({})), "/analyze:predict") as {
      instances: [{ image_bytes: { b64: string } }];
    };
    const png = Buffer.from(instances[0].image_bytes.b64, "base64");
    expect([png.subarray(1, 4).toString(), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([
      "PNG",
      8,
      8,
    ]);
  });

  test("shows zeros for tensors, and nothing where they would be many", () => {
    const x: TensorSpec = { name: "x", dtype: "float32", shape: ["N", 2] };
    const one = build(servable({ inputs: [x] }));
    expect(exampleOf(one, "/v1/models/{name}:predict")).toEqual({ instances: [[0, 0]] });
    expect(exampleOf(one, "/v2/models/{name}/infer")).toEqual({
      inputs: [{ name: "x", shape: [1, 2], datatype: "FP32", data: [0, 0] }],
    });
    const two = build(servable({ inputs: [x, { ...x, name: "y" }] }));
    expect(exampleOf(two, "/v1/models/{name}:predict")).toEqual({ instances: [{ x: [0, 0], y: [0, 0] }] });
    const large = build(servable({ inputs: [{ ...x, shape: ["N", 1025] }] }));
    expect(exampleOf(large, "/v1/models/{name}:predict")).toBeUndefined();
  });

  test("keeps models apart whose names differ in what a component's name can't have", () => {
    const document = build(
      servable({ name: "a b", version: 2 }),
      servable({ name: "a b", version: 1 }),
      servable({ name: "a/b" }),
    );
    const keys = Object.keys(document.components.schemas).filter((name) => name.endsWith(".Prediction"));
    expect(keys).toEqual(["a_b.Prediction", "a_b.1.Prediction", "a_b.1_2.Prediction"]);
  });

  test("offers a picture as an answer only where a model gives one", () => {
    const types = (head: Head) =>
      Object.keys(build(servable({ head })).paths["/analyze:predict"]?.post?.responses[200]?.content ?? {});
    const segmentation: Head = { task: "segmentation", output: "logits", classes: 3, activation: "softmax" };
    expect(types(segmentation)).toContain("image/png");
    expect(types(classification({}))).not.toContain("image/png");
  });

  test("says in which form each family of clients is told of an error", () => {
    const { paths, components } = build(servable({}));
    const errors = (path: string, status: number) =>
      paths[path]?.post?.responses[status]?.$ref?.split("/").at(-1);
    expect([
      errors("/analyze:predict", 400),
      errors("/predictions/{name}", 400),
      errors("/predict", 422),
      errors("/predict", 400),
      errors("/predict", 503),
    ]).toEqual([
      "Error.400",
      "ErrorOrTorchServeError.400",
      "FlashValidationError.422",
      "Error.400",
      "FlashError.503",
    ]);
    expect(Object.keys(components.responses)).toEqual(
      expect.arrayContaining(["Error.431", "FlashError.504"]),
    );
  });
});
