import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DIGIT_NAMES, digitPng } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import { halfPlusTwo, severalOutputs, twoInputs } from "../support/onnx/tensor-models.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";

const started: StartedServer[] = [];
async function serve(options: StartOptions): Promise<string> {
  const one = await startServer({ ...options, flags: ["--model-name=x", ...(options.flags ?? [])] });
  started.push(one);
  return `${one.url}/v1/models/x`;
}
afterAll(() => Promise.all(started.map((one) => one.close())));

async function ask(url: string, body: string | object): Promise<[number, unknown]> {
  const { status, json } = await request(url, { body });
  return [status, json.error ?? json];
}

describe("POST /v1/models/<name>:regress", () => {
  let url: string;
  beforeAll(async () => {
    url = await serve({ files: { "model.onnx": halfPlusTwo() } });
  });

  test("E1: answers the text that TensorFlow Serving prints", async () => {
    const { status, text } = await request(`${url}:regress`, { body: '{"examples":[{"x":80.0}]}' });
    expect([status, text]).toEqual([200, '{"results":[42.0]}']);
  });

  test.each([
    ["whole numbers, as JavaScript writes them", '{"examples":[{"x":80},{"x":[2]}]}', [42, 3]],
    ["a signature's name", '{"signature_name":"serving_default","examples":[{"x":2}]}', [3]],
    ["features of the context", '{"context":{"x":2.0},"examples":[{},{"x":4.0}]}', [3, 4]],
    ["features that it has no use for", '{"examples":[{"x":2,"weight":[1.5,2.5]}]}', [3]],
  ])("takes %s", async (_, body, results) => {
    expect(await ask(`${url}:regress`, body)).toEqual([200, { results }]);
  });

  test.each([
    ["E3", "{}", "JSON Value: {} When method is classify, key 'examples' is expected and was not found"],
    ["E4", '{"examples":1}', "JSON Value: {\"examples\":1} Expecting 'examples' value to be an list/array"],
    ["E5", '{"examples":[]}', "JSON Value: {\"examples\":[]} 'examples' value is an empty array"],
    ["E6", '{"examples":[[1]]}', "Example must be JSON object but got JSON Array"],
    ["E7", '{"examples":[{"names":null}]}', "Feature: names has element with unexpected JSON type: Null"],
    [
      "E8",
      '{"examples":[{"names":[10,10.0]}]}',
      "Unexpected element type in feature: names expecting type: int64",
    ],
    [
      "E9",
      '{"examples":[{"names":9223372036854775808}]}',
      "Feature: names has uint64_t element. Only int64_t is supported.",
    ],
    [
      "a missing feature",
      '{"examples":[{}]}',
      "Feature: x (data type: float) is required but could not be found.",
    ],
  ])("%s: %s answers 400", async (_, body, error) => {
    expect(await ask(`${url}:regress`, body)).toEqual([400, error]);
  });

  test("reads the examples before it looks for the model", async () => {
    const unknown = url.replace("/x", "/nope");
    expect(await ask(`${unknown}:regress`, '{"examples":[]}')).toEqual([
      400,
      expect.stringContaining("is an empty array"),
    ]);
    expect(await ask(`${unknown}:regress`, '{"examples":[{"x":1}]}')).toEqual([
      404,
      "Servable not found for request: Latest(nope)",
    ]);
  });

  test("is one of the model's routes: a version, an encoded colon, 405, no query", async () => {
    const body = { examples: [{ x: 2 }] };
    expect(await ask(`${url}/versions/1:regress`, body)).toEqual([200, { results: [3] }]);
    expect(await ask(`${url}%3Aregress`, body)).toEqual([200, { results: [3] }]);
    expect((await request(`${url}:regress`)).status).toBe(405);
    expect((await request(`${url}:regress?a=b`, { body })).status).toBe(400);
  });

  test("E11: NaN and infinities are null", async () => {
    const spec = (name: string) => value(name, "float32", ["N"]);
    const log = writeModel({ inputs: [spec("x")], outputs: [spec("y")], nodes: [node("Log", ["x"], ["y"])] });
    const other = await serve({ files: { "model.onnx": log } });
    const { text } = await request(`${other}:regress`, { body: '{"examples":[{"x":0.0},{"x":-1.0}]}' });
    expect(text).toBe('{"results":[null,null]}');
  });

  test.each([
    ["of several outputs", severalOutputs, { x: [1, 2, 4] }, "Expected one output Tensor."],
    [
      "of rows of several numbers",
      twoInputs,
      { a: [1, 2], b: [1, 2] },
      "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [batch_size, 2]",
    ],
  ])("a model %s answers 400", async (_, model, example, error) => {
    const other = await serve({ files: { "model.onnx": model() } });
    expect(await ask(`${other}:regress`, { examples: [example] })).toEqual([400, error]);
  });

  test("a model that is no classifier refuses classify in TensorFlow Serving's words", async () => {
    expect(await ask(`${url}:classify`, { examples: [{ x: 1 }] })).toEqual([
      400,
      "Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict",
    ]);
  });
});

describe("POST /v1/models/<name>:classify", () => {
  let url: string;
  beforeAll(async () => {
    url = await serve({});
  });
  const b64 = (digit: number) => ({ b64: digitPng(digit).toString("base64") });

  test.each(["image_bytes", "image/encoded"])("names every class of an image in %s", async (feature) => {
    const examples = [3, 8].map((digit) => ({ [feature]: b64(digit) }));
    const [status, answer] = await ask(`${url}:classify`, { examples });
    const { results } = answer as { results: [string, number][][] };
    const scores = await request(`${url}:predict`, {
      body: { signature_name: "scores", instances: [3, 8].map((digit) => ({ image_bytes: b64(digit) })) },
    });
    expect(status).toBe(200);
    expect(results.map((classes) => classes.map(([label]) => label))).toEqual([DIGIT_NAMES, DIGIT_NAMES]);
    expect(results.map((classes) => classes.map(([, score]) => score))).toEqual(scores.json.predictions);
  });

  test("takes a raw image as one example", async () => {
    const [status, answer] = await ask(`${url}:classify`, digitPng(5));
    expect([status, (answer as { results: unknown[] }).results.length]).toEqual([200, 1]);
  });

  test("one bad example fails the request, or is reported in its place", async () => {
    const examples = [{ image_bytes: b64(1) }, { image_bytes: "no image" }];
    const failed = await request(`${url}:classify`, { body: { examples } });
    expect([failed.status, failed.json.code, failed.json.instance]).toEqual([400, "INVALID_IMAGE", 1]);
    const reporting = await serve({ flags: ["--on-bad-instance=report"] });
    const { status, json } = await request(`${reporting}:classify`, { body: { examples } });
    const [good, bad] = json.results as [unknown[], object];
    expect([status, good.length, bad]).toMatchObject([200, 10, { error: { code: "INVALID_IMAGE" } }]);
    expect(json.errors).toMatchObject([{ instance: 1, code: "INVALID_IMAGE" }]);
  });

  test.each([
    ["scores", 200, undefined],
    [
      "top_k",
      400,
      "Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict",
    ],
    ["nope", 400, "No signature was found with the name: nope"],
  ])("asked for signature %s answers %i", async (signature_name, status, error) => {
    const answer = await request(`${url}:classify`, {
      body: { signature_name, examples: [{ image_bytes: b64(1) }] },
    });
    expect([answer.status, answer.json.error]).toEqual([status, error]);
  });

  test("a classifier refuses regress in TensorFlow Serving's words", async () => {
    expect(await ask(`${url}:regress`, { examples: [{ image_bytes: b64(1) }] })).toEqual([
      400,
      "Expected regression signature method_name to be tensorflow/serving/regress. Was: tensorflow/serving/classify",
    ]);
  });
});
