import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { DIGIT_NAMES, digitPng, imageInstance } from "../support/digits.ts";
import { exampleDir, readSample } from "../support/examples.ts";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { argmaxed, classifier, segmentation } from "../support/onnx/image-models.ts";
import { halfPlusTwo, identity } from "../support/onnx/tensor-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

async function serve(files: FolderFiles | undefined, flags: readonly string[] = []): Promise<string> {
  const own = await startServer({ ...(files === undefined ? {} : { files }), flags });
  onTestFinished(() => own.close());
  return own.url;
}

const b64 = (bytes: Buffer) => bytes.toString("base64");
const RED = solidPng(12, 20, [255, 0, 0]);

/** The names and scores of an answer, in the order in which they were written. */
function scoresOf(text: string): [string, number][] {
  return [...text.matchAll(/"([^"]+)":([\d.e-]+)/g)].map(([, name, score]) => [name ?? "", Number(score)]);
}

function multipart(name: string, file: Buffer) {
  const head = `--b\r\nContent-Disposition: form-data; name="${name}"; filename="kitten.png"\r\n\r\n`;
  return {
    body: Buffer.concat([Buffer.from(head), file, Buffer.from("\r\n--b--\r\n")]),
    headers: { "content-type": "multipart/form-data; boundary=b" },
  };
}

describe("/predictions/<name>", () => {
  const three = digitPng(3);

  test.each([
    ["a file that curl -T puts", "PUT", { body: three }],
    ["a file that curl --data-binary posts", "POST", { body: three }],
    ["a form that curl -F data=@ posts", "POST", multipart("data", three)],
    ["data in base64", "POST", { body: { data: b64(three) } }],
    ["data as b64", "POST", { body: { data: { b64: b64(three) } } }],
    ["a body in base64", "POST", { body: { body: b64(three) } }],
  ])("answers %s with the five best labels, best first", async (_, method, sent) => {
    const answer = await request(`${started.url}/predictions/model`, { method, ...sent });
    expect(answer.status).toBe(200);
    const scores = scoresOf(answer.text);
    expect(scores[0]?.[0]).toBe("three");
    expect(scores.map(([, score]) => score)).toEqual(
      scores.map(([, score]) => score).toSorted((a, b) => b - a),
    );
    expect(new Set(Object.keys(answer.json)).size).toBe(5);
  });

  test.each(["/1", "/1.0", "/", "/1/", "/1.0/"])("takes the version and a slash: %s", async (end) => {
    const answer = await request(`${started.url}/predictions/model${end}`, { body: three });
    expect(answer.status).toBe(200);
  });

  test("names classes without labels by their index, best first", async () => {
    const url = await serve({ "model.onnx": classifier() });
    const { text } = await request(`${url}/predictions/model`, { body: solidPng(8, 8, [10, 100, 250]) });
    expect(scoresOf(text).map(([name]) => name)).toEqual(["2", "1", "0"]);
  });

  test("takes the names of index_to_name.json", async () => {
    const names = { 0: ["n01", "red"], 1: ["n02", "green"], 2: ["n03", "blue"] };
    const url = await serve({ "model.onnx": classifier(), "index_to_name.json": names });
    const { json } = await request(`${url}/predictions/model`, { body: RED });
    expect(Object.keys(json)).toEqual(["red", "green", "blue"]);
  });

  test("answers instances with predictions, of which images stand behind data, body or image_bytes", async () => {
    const instances = [
      { data: { b64: b64(digitPng(1)) } },
      { body: b64(digitPng(2)) },
      imageInstance(digitPng(3)),
      { b64: b64(digitPng(4)) },
    ];
    const { status, json } = await request(`${started.url}/predictions/model`, { body: { instances } });
    expect(status).toBe(200);
    const predictions = json.predictions as Record<string, number>[];
    expect(predictions.map((one) => Object.keys(one)[0])).toEqual(DIGIT_NAMES.slice(1, 5));
  });

  test("reports a bad instance in its place with ON_BAD_INSTANCE=report", async () => {
    const url = await serve(undefined, ["--on-bad-instance=report"]);
    const instances = [{ data: "%" }, { data: b64(digitPng(2)) }];
    const { status, json, headers } = await request(`${url}/predictions/model`, { body: { instances } });
    expect([status, headers["x-failed-instances"]]).toEqual([200, "0"]);
    const [bad, good] = json.predictions as Record<string, { code?: string }>[];
    expect(bad?.error?.code).toBe("INVALID_BASE64");
    expect(Object.keys(good ?? {})[0]).toBe("two");
    expect(json.errors).toMatchObject([{ instance: 0, code: "INVALID_BASE64" }]);
  });

  test("answers a segmentation's class and probability of each pixel of the output", async () => {
    const url = await serve({ "model.onnx": segmentation({ classes: 3 }) });
    const answer = await request(`${url}/predictions/model`, { body: RED });
    const pixels = answer.json as unknown as number[][][];
    expect([pixels.length, pixels[0]?.length, pixels[0]?.[0]?.length]).toEqual([8, 8, 2]);
    expect(pixels[7]?.[7]?.[0]).toBe(0);
    expect(pixels[7]?.[7]?.[1]).toBeCloseTo(Math.E / (Math.E + 2), 5);
  });

  test("answers the classes alone where the model took the best itself", async () => {
    const url = await serve({ "model.onnx": argmaxed() });
    const { json } = await request(`${url}/predictions/model`, { body: RED });
    expect((json as unknown as number[][])[0]).toEqual(new Array(8).fill(0));
  });

  test("answers what a detector found, each box behind its label", async () => {
    const url = await serve(undefined, [`--model-dir=${exampleDir("detection")}`]);
    const body = readSample("detection", "1.jpg");
    const own = await request(`${url}/analyze:predict`, { body });
    const { json } = await request(`${url}/predictions/model`, { body });
    const boxes = own.json.prediction as { label: string; score: number; box: number[] }[];
    expect(boxes.length).toBeGreaterThan(0);
    expect(json).toEqual(boxes.map(({ label, box, score }) => ({ [label]: box, score })));
  });

  test("answers base64_prediction where that is the server's default", async () => {
    const url = await serve({ "model.onnx": segmentation() }, ["--default-signature=base64_prediction"]);
    const { json } = await request(`${url}/predictions/model/`, {
      body: { instances: [{ data: b64(RED) }] },
    });
    expect(json.predictions).toEqual([
      { base64_prediction: b64(Buffer.alloc(12 * 20)), shape: [12, 20], dtype: "uint8" },
    ]);
  });

  test("answers a named signature in that one's own form", async () => {
    const body = { data: b64(three), signature_name: "top_k", parameters: { k: 1 } };
    const { json } = await request(`${started.url}/predictions/model`, { body });
    expect(json).toMatchObject([{ label: "three", class: 3 }]);
  });

  test("answers rows of a model that takes none but tensors", async () => {
    const url = await serve({ "model.onnx": halfPlusTwo() });
    const single = await request(`${url}/predictions/model`, { body: { data: 4 } });
    expect(single.json).toBe(4);
    const several = await request(`${url}/predictions/model`, { body: { instances: [{ data: 4 }, 6] } });
    expect(several.json).toEqual({ predictions: [4, 5] });
  });

  test("reads integers behind data as integers", async () => {
    const url = await serve({ "model.onnx": identity("int64", [2]) });
    const { json } = await request(`${url}/predictions/model`, { body: { instances: [{ data: [1, 7] }] } });
    expect(json).toEqual({ predictions: [[1, 7]] });
  });
});

describe("an error of TorchServe's routes", () => {
  const PATH = "/predictions/model";

  test.each([
    ["PUT", "/predictions/lynx", 404, "ModelNotFoundException", "Model not found: lynx"],
    ["POST", "/models/lynx", 405, "MethodNotAllowedException", undefined],
    ["GET", "/models/lynx", 404, "ModelNotFoundException", "Model not found: lynx"],
    [
      "POST",
      `${PATH}/2.0`,
      404,
      "ModelVersionNotFoundException",
      "Model version: 2.0 does not exist for model: model",
    ],
    ["POST", `${PATH}/latest`, 404, "ModelVersionNotFoundException", undefined],
    ["GET", "/models/model/7", 404, "ModelVersionNotFoundException", undefined],
    ["GET", "/models?limit=x", 400, "BadRequestException", undefined],
  ])("%s %s is %i %s", async (method, path, status, type, message) => {
    const answer = await request(started.url + path, { method, body: method === "GET" ? "" : digitPng(1) });
    expect([answer.status, answer.json.code, answer.json.type]).toEqual([status, status, type]);
    expect(Object.keys(answer.json)).toEqual(["code", "type", "message"]);
    if (message !== undefined) expect(answer.json.message).toBe(message);
  });

  test.each([
    ["no image", "<html></html>", "looks like"],
    ["neither data, body nor instances", { image: "x" }, "'data', 'body' and 'instances', got none"],
    ["data and instances", { data: "x", instances: [] }, "got data and instances"],
    ["no instances", { instances: [] }, "No values"],
    ["instances that are no list", { instances: 3 }, "list/array"],
    ["bad base64", { data: "%%" }, "expected base64"],
    ["no string", { data: 7 }, "expected"],
  ])("400 for %s", async (_, body, text) => {
    const { status, json } = await request(started.url + PATH, { body });
    expect([status, json.code, json.type]).toEqual([400, 400, "BadRequestException"]);
    expect(json.message).toContain(text);
  });

  test("413 for a body that is too large, and for too many instances", async () => {
    const url = await serve(undefined, ["--max-body-bytes=2000", "--max-instances=1"]);
    const large = await request(url + PATH, { method: "PUT", body: Buffer.alloc(3000) });
    expect([large.status, large.json.code]).toEqual([413, 413]);
    const many = await request(url + PATH, { body: { instances: [{ data: "" }, { data: "" }] } });
    expect([many.status, many.json.code]).toEqual([413, 413]);
  });

  test("503 while the model loads, and /ping is Unhealthy", async () => {
    const loading = await startServer({ load: false });
    onTestFinished(() => loading.close());
    const answer = await request(loading.url + PATH, { method: "PUT", body: digitPng(1) });
    expect([answer.status, answer.json.type]).toEqual([503, "ServiceUnavailableException"]);
    expect(answer.headers["retry-after"]).toBe("1");
    const ping = await request(`${loading.url}/ping`);
    expect([ping.status, ping.json]).toEqual([503, { status: "Unhealthy", state: "LOADING" }]);
    const { json } = await request(`${loading.url}/models/model`);
    expect(json).toEqual([{ modelName: "model", modelVersion: "1", workers: [] }]);
  });
});

describe("TorchServe's other routes", () => {
  test("GET /ping answers Healthy", async () => {
    expect((await request(`${started.url}/ping`)).json).toEqual({ status: "Healthy" });
  });

  test("OPTIONS / describes the API, every path of which is there", async () => {
    const { status, json } = await request(`${started.url}/`, { method: "OPTIONS" });
    expect([status, json.openapi]).toEqual([200, "3.1.0"]);
    const paths = Object.entries(json.paths as Record<string, object>);
    expect(paths.map(([path]) => path)).toEqual([
      "/predictions/{name}",
      "/predictions/{name}/{model_version}",
      "/models",
      "/models/{name}",
      "/models/{name}/{model_version}",
      "/ping",
      "/",
    ]);
    for (const [path, methods] of paths) {
      const url = started.url + path.replace("{name}", "model").replace("{model_version}", "1.0");
      for (const method of Object.keys(methods)) {
        const body = method === "put" || method === "post" ? { body: digitPng(1) } : {};
        expect((await request(url, { method: method.toUpperCase(), ...body })).status).toBe(200);
      }
    }
  });

  test("GET /models lists the models, page by page", async () => {
    const { json } = await request(`${started.url}/models`);
    expect(json).toEqual({ models: [{ modelName: "model", modelUrl: "model.onnx" }] });
    const beyond = await request(`${started.url}/models?limit=1&next_page_token=1`);
    expect(beyond.json).toEqual({ models: [] });
  });

  test.each(["model", "model/1.0", "model/all"])(
    "GET /models/%s says that its workers are ready",
    async (path) => {
      const { json } = await request(`${started.url}/models/${path}`);
      expect(json).toMatchObject([
        { modelName: "model", modelVersion: "1", modelUrl: "model.onnx", workers: [{ status: "READY" }] },
      ]);
    },
  );

  test.each([
    ["POST", "/models?url=https://a.example/m.mar"],
    ["POST", "/models/model"],
    ["PUT", "/models/model?min_worker=3"],
    ["PUT", "/models/model/1.0?min_worker=3"],
    ["PUT", "/models/model/1.0/set-default"],
    ["DELETE", "/models/model"],
    ["DELETE", "/models/model/1.0"],
  ])("%s %s is refused: there is no management API", async (method, path) => {
    const answer = await request(started.url + path, { method });
    expect([answer.status, answer.json.code, answer.json.type]).toEqual([
      405,
      405,
      "MethodNotAllowedException",
    ]);
    expect(answer.json.message).toContain("no management API");
    expect(answer.headers.allow).toBeDefined();
  });

  test("a method that /predictions does not take gets 405 with Allow, a preflight 204", async () => {
    const url = `${started.url}/predictions/model`;
    const refused = await request(url, { method: "DELETE" });
    expect([refused.status, refused.headers.allow]).toEqual([405, "PUT, POST, OPTIONS"]);
    const headers = { origin: "https://a.example", "access-control-request-method": "PUT" };
    const preflight = await request(url, { method: "OPTIONS", headers });
    expect([preflight.status, preflight.headers["access-control-allow-methods"]]).toEqual([
      204,
      "GET,HEAD,POST,PUT",
    ]);
  });
});
