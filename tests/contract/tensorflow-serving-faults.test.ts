import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doublingSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

/** Named by the rows of TensorFlow Serving's own tests: routes R, bodies B, values V, columns C. */
let started: StartedServer;
beforeAll(async () => {
  started = await startServer({
    files: { "model.onnx": halfPlusTwo() },
    startSession: async () => doublingSession(),
    flags: ["--model-name=x"],
  });
});
afterAll(() => started.close());

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const predict = (body: string | Buffer, headers: Record<string, string> = {}) =>
  request(`${started.url}/v1/models/x:predict`, { body, headers });

describe("routes of /v1 that TensorFlow Serving refuses", () => {
  test.each([
    ["R6 :regress, of a version", "POST", "/v1/models/x/versions/1:regress", 400],
    ["R8 a version that is no number", "POST", "/v1/models/x/versions/HELLO:regress", 400],
    ["R10 a version and a label", "POST", "/v1/models/x/versions/50/labels/l:predict", 400],
    [":classify", "POST", "/v1/models/x:classify", 400],
    [":PREDICT", "POST", "/v1/models/x:PREDICT", 400],
    ["an empty version", "POST", "/v1/models/x/versions/:predict", 400],
    ["R9 a version past 63 bits, of the status", "GET", "/v1/models/x/versions/9223372036854775808", 400],
    ["a model named metadata", "GET", "/v1/models/metadata", 404],
    ["R23 another path", "GET", "/nothing", 404],
    ["R22 PATCH", "PATCH", "/v1/models/x", 405],
  ])("%s: %s %s gets %i in JSON", async (_, method, path, status) => {
    const answer = await request(started.url + path, { method, ...(method === "GET" ? {} : { body: "{}" }) });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ error: expect.any(String), code: expect.any(String) });
  });

  test.each([
    ["R22 HEAD of the status", "HEAD", "/v1/models/x", {}, 200],
    ["R24 OPTIONS with an Origin", "OPTIONS", "/v1/models/x:predict", { origin: "https://a.example" }, 204],
    ["R25 OPTIONS without one", "OPTIONS", "/v1/models/x:predict", {}, 204],
    ["R26 the metrics with a query", "GET", "/monitoring/prometheus/metrics?x", {}, 200],
    ["the status with a query", "GET", "/v1/models/x?y=1", {}, 200],
  ])("%s is answered here", async (_, method, path, headers, status) => {
    expect((await request(started.url + path, { method, headers })).status).toBe(status);
  });
});

describe("a body of /v1", () => {
  test.each([
    ["B1 empty", "", "JSON Parse error: The document is empty"],
    ["B3 a list", "[1,2]", "JSON Value: [1,2] Is not object"],
    ["B3 a string", '"a"', 'JSON Value: "a" Is not object'],
    [
      "B4 with something behind it, which TensorFlow Serving takes",
      '{"instances":[1]} trailing',
      "JSON Parse error: The document root must not be followed by other values. at offset: 18",
    ],
    [
      "B5 nested 500,000 deep, which TensorFlow Serving takes",
      `{"instances":[1],"nested":${nested(500_000)}}`,
      "JSON Parse error: nesting over 64 levels",
    ],
    [
      "B6 with such a signature_name",
      `{"signature_name":${nested(500_000)},"instances":[1]}`,
      "JSON Parse error: nesting over 64 levels",
    ],
    [
      "B7 with a signature_name that is a number",
      '{"signature_name":100}',
      "JSON Value: {\"signature_name\":100} not formatted correctly. 'signature_name' key must be a string value.",
    ],
    [
      "B8 with an unknown signature_name",
      '{"signature_name":"nope","instances":[1]}',
      'Serving signature name: "nope" not found in signature def; this model offers: serving_default',
    ],
    ["B9 of neither format", "{}", "Missing 'inputs' or 'instances' key"],
    [
      "V8 with NaN, which TensorFlow Serving takes",
      '{"instances":[NaN]}',
      "JSON Parse error: Invalid value. at offset: 14",
    ],
    [
      "with half of a surrogate pair",
      '{"instances":["\\ud800"]}',
      "JSON Parse error: The surrogate pair in string is invalid.",
    ],
    [
      "with a number past a double's range",
      '{"instances":[1e999]}',
      "JSON Parse error: Number too big to be stored in double.",
    ],
    ["C6 with a scalar for a batch", '{"inputs":5}', "input 'x': expected shape [N], got []"],
    ["C3 without its input", '{"inputs":{"y":[1]}}', "Missing named input: x in 'inputs' object."],
  ])("is refused with 400: %s", async (_, body, error) => {
    const answer = await predict(body);
    expect([answer.status, answer.json.error]).toEqual([400, error]);
  });

  test.each([
    [
      "B13 with keys that nobody knows, an image's among them",
      '{"instances":[1],"extra":true,"image_bytes":5}',
    ],
    ["B13 with an empty signature_name", '{"signature_name":"","instances":[1]}'],
    ["C2 in columns, with a name that the model has not", '{"inputs":{"x":[1],"junk":[[]]}}'],
  ])("is answered: %s", async (_, body) => {
    expect((await predict(body)).status).toBe(200);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "image/png"])(
    "B14 may be called %s",
    async (type) => {
      const answer = await predict('{"instances":[1]}', { "content-type": type });
      expect(answer.json).toEqual({ predictions: [2] });
    },
  );

  test("B15, B16 may be compressed, and is refused where it does not inflate", async () => {
    const gzip = gzipSync('{"instances":[1]}');
    const encoding = { "content-encoding": "gzip" };
    expect((await predict(gzip, encoding)).json).toEqual({ predictions: [2] });
    expect((await predict(gzip.subarray(0, -9), encoding)).status).toBe(400);
  });
});

describe("values of /v1", () => {
  const framed = (index: number, message: string, key = "") =>
    `Failed to process element: ${index}${key} of 'instances' list. Error: INVALID_ARGUMENT: ${message}`;
  test.each([
    ["V9 a string", '["x"]', framed(0, 'JSON Value: "x" Type: String is not of expected type: float')],
    ["V12 null", "[null]", framed(0, "JSON Value: null Type: Null is not of expected type: float")],
    ["V15 a list after a number", "[1,[1]]", framed(1, "Expecting shape [] but got: [1]")],
    ["V19 a number after an object", '[{"x":1},2]', "Expecting object but got list at item 1 of input list"],
    [
      "V20 an object after a number",
      '[1,{"x":2}]',
      "Expecting value/list but got object at item 1 of input list",
    ],
    ["V21 an unknown name", '[{"q":1}]', framed(0, "JSON object: does not have named input: q", " key: q")],
    [
      "V32 base64",
      '[{"b64":"AAAA"}]',
      framed(0, 'JSON Value: {"b64":"AAAA"} Type: Object is not of expected type: float'),
    ],
  ])("fail the request, with TensorFlow Serving's words: %s", async (_, instances, error) => {
    const answer = await predict(`{"instances":${instances}}`);
    expect([answer.status, answer.json.code, answer.json.error]).toEqual([400, "INVALID_ARGUMENT", error]);
  });

  test("V6, V7 overflow to infinity, which is written as null, and underflow to zero", async () => {
    const answer = await predict('{"instances":[1.7976931348623157e308,-1e39,2.2e-308,-2.2e-308]}');
    expect(answer.text).toBe('{"predictions":[null,null,0.0,-0.0]}');
  });
});
