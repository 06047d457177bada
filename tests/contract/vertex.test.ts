import { describe, expect, onTestFinished, test } from "vitest";
import { digitPng, imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { segmentation } from "../support/onnx/image-models.ts";
import { startServer } from "../support/start-server.ts";

/** The paths that Vertex AI states where nobody chooses them. */
const HEALTH = "/v1/endpoints/123/deployedModels/456";
const PREDICT = `${HEALTH}:predict`;

async function serve(
  { health = HEALTH, predict = PREDICT }: { readonly health?: string; readonly predict?: string } = {},
  options: { readonly files?: FolderFiles; readonly flags?: readonly string[]; readonly load?: boolean } = {},
) {
  const flags = [`--aip-health-route=${health}`, `--aip-predict-route=${predict}`, ...(options.flags ?? [])];
  const started = await startServer({ ...options, flags });
  onTestFinished(() => started.close());
  return { ...started, predictUrl: started.url + predict, healthUrl: started.url + health };
}

const content = (digit: number) => ({ content: digitPng(digit).toString("base64"), mimeType: "image/png" });

describe("AIP_PREDICT_ROUTE", () => {
  test("answers the instances of AutoML's and of TensorFlow's containers with predictions", async () => {
    const { predictUrl } = await serve();
    const instances = [
      content(1),
      imageInstance(digitPng(2)),
      { b64: digitPng(3).toString("base64") },
      { data: { b64: digitPng(4).toString("base64") } },
    ];
    const { status, json } = await request(predictUrl, { body: { instances } });
    expect([status, json]).toEqual([200, { predictions: [1, 2, 3, 4] }]);
  });

  test("takes the signature's name among the parameters, since the client sends no other key", async () => {
    const { predictUrl } = await serve();
    const parameters = { signature_name: "top_k", k: 2 };
    const { json } = await request(predictUrl, { body: { instances: [content(7)], parameters } });
    const [best] = json.predictions as { label: string }[][];
    expect([best?.length, best?.[0]?.label]).toEqual([2, "seven"]);
  });

  test.each([
    ["a raw image", () => digitPng(5)],
    ["image_bytes", () => imageInstance(digitPng(5))],
  ])("answers a raw prediction of %s with predictions too", async (_, body) => {
    const { predictUrl } = await serve();
    expect((await request(predictUrl, { body: body() })).json).toEqual({ predictions: ["five"] });
  });

  test("reports a bad instance in its place", async () => {
    const { predictUrl } = await serve();
    const { status, json } = await request(predictUrl, {
      body: { instances: [{ content: "%" }, content(8)] },
    });
    expect(status).toBe(200);
    expect(json.predictions).toMatchObject([{ error: { code: "INVALID_BASE64" } }, 8]);
  });

  test.each([
    ["no instances", { instances: [] }, "INVALID_ARGUMENT"],
    ["an unknown parameter", { instances: [content(1)], parameters: { kk: 1 } }, "INVALID_ARGUMENT"],
    [
      "an unknown signature",
      { instances: [content(1)], parameters: { signature_name: "mask" } },
      "INVALID_ARGUMENT",
    ],
    ["no JSON", "{", "INVALID_JSON"],
  ])("is 400 for %s", async (_, body, code) => {
    const { predictUrl } = await serve({ predict: "/classify-it" });
    const { status, json } = await request(predictUrl, { body });
    expect([status, json.code]).toEqual([400, code]);
  });

  test("is one path, whatever characters it has, and no other", async () => {
    const { url, predictUrl } = await serve({ predict: "/a.b(c)/$x:predict" });
    expect((await request(predictUrl, { body: digitPng(1) })).status).toBe(200);
    expect((await request(`${url}/aXb(c)/$x:predict`, { body: digitPng(1) })).status).toBe(404);
    expect((await request(`${url}/a.b(c)/$x:predictor`, { body: digitPng(1) })).status).toBe(404);
    expect((await request(`${url}/a.b(c)/$x%3Apredict`, { body: digitPng(1) })).status).toBe(200);
  });

  test("takes the place of another route of the path, whose other methods stay", async () => {
    const { url, predictUrl } = await serve({ predict: "/predictions/fastai_model", health: "/ping" });
    const instances = [{ data: { b64: digitPng(6).toString("base64") } }];
    expect((await request(predictUrl, { body: { instances } })).json).toEqual({ predictions: [6] });
    const put = await request(`${url}/predictions/model`, { method: "PUT", body: digitPng(6) });
    expect(Object.keys(put.json)[0]).toBe("six");
  });

  test("takes no other method, and answers a preflight", async () => {
    const { predictUrl } = await serve({ predict: "/classify-it" });
    const refused = await request(predictUrl);
    expect([refused.status, refused.headers.allow]).toEqual([405, "POST, OPTIONS"]);
    const headers = { origin: "https://a.example", "access-control-request-method": "POST" };
    expect((await request(predictUrl, { method: "OPTIONS", headers })).status).toBe(204);
  });
});

describe("AIP_HEALTH_ROUTE", () => {
  test("is 200 when predictions are answered, and 503 while the model loads", async () => {
    expect((await request((await serve()).healthUrl)).json).toEqual({ status: "OK" });
    const loading = await request((await serve({}, { load: false })).healthUrl);
    expect([loading.status, loading.json]).toEqual([503, { status: "LOADING" }]);
  });

  test.each(["/ping", "/livez", "/v1/models/model", PREDICT, "/"])("may be %s", async (health) => {
    const { healthUrl } = await serve({ health }, { load: false });
    expect((await request(healthUrl)).status).toBe(503);
  });

  test.each(["/metrics", "/models", "/v1/models/model/metadata"])("may not hide %s", async (health) => {
    await expect(serve({ health })).rejects.toThrow(`AIP_HEALTH_ROUTE ${health} is taken by`);
  });
});

describe("the limit of Vertex AI's answers", () => {
  const model = (edge: number) => ({ "model.onnx": segmentation({ height: edge, width: edge, classes: 3 }) });
  // So large images need not be run in larger batches.
  const flags = ["--max-batch-size=1"];
  const warnings = (log: readonly Record<string, unknown>[]) =>
    log.map(({ msg }) => String(msg)).filter((text) => text.includes("1.5 MB"));

  test("is warned of once where a mask as lists exceeds it", async () => {
    const { log } = await serve({}, { files: model(1024), flags });
    expect(warnings(log)).toEqual([
      "an answer of class to one image has about 2.1 MB, and Vertex AI passes on 1.5 MB at most: set DEFAULT_SIGNATURE=mask_png",
    ]);
  });

  test.each([
    ["a smaller mask", { files: model(512), flags }],
    ["a mask as PNG", { files: model(1024), flags: [...flags, "--default-signature=mask_png"] }],
    ["a class", { flags }],
  ])("is not spoken of for %s", async (_, options) => {
    expect(warnings((await serve({}, options)).log)).toEqual([]);
  });

  test("is not spoken of elsewhere", async () => {
    const started = await startServer({ files: model(1024), flags });
    onTestFinished(() => started.close());
    expect(warnings(started.log)).toEqual([]);
  });
});
