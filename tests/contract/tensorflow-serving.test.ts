import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitPng, imageInstance, tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import {
  halfPlusTwo,
  identity,
  noBatchAxis,
  scalarOutput,
  severalOutputs,
  twoInputs,
} from "../support/onnx/tensor-models.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const started: StartedServer[] = [];
/** Serves a model for the tests of one block. */
async function serve(model?: Uint8Array): Promise<string> {
  const one = await startServer({
    ...(model === undefined ? {} : { files: { "model.onnx": model } }),
    flags: ["--model-name=x"],
  });
  started.push(one);
  return one.url;
}
afterAll(() => Promise.all(started.map((one) => one.close())));

describe("routes of /v1/models", () => {
  let url: string;
  beforeAll(async () => {
    url = await serve(halfPlusTwo());
  });

  test.each([
    ["R1", "GET", "/v1/foo", 400, "Malformed request: GET /v1/foo"],
    ["R1", "POST", "/v1/foo", 400, "Malformed request: POST /v1/foo"],
    ["R3", "GET", "/v1/models/debug/model_name", 400, "Malformed request: GET /v1/models/debug/model_name"],
    [
      "R6",
      "POST",
      "/v1/models/x/version/50:predict",
      400,
      "Malformed request: POST /v1/models/x/version/50:predict",
    ],
    [
      "R7",
      "POST",
      "/v1/models/x/label/l:predict",
      400,
      "Malformed request: POST /v1/models/x/label/l:predict",
    ],
    [
      "R8",
      "POST",
      "/v1/models/x/versions/HELLO:predict",
      400,
      "Malformed request: POST /v1/models/x/versions/HELLO:predict",
    ],
    [
      "R9",
      "POST",
      "/v1/models/x/versions/18446744073709551615:predict",
      400,
      "Failed to convert version: 18446744073709551615 to numeric.",
    ],
    ["R12", "POST", "/v1/models/foo:predict", 404, "Servable not found for request: Latest(foo)"],
    [
      "R13",
      "POST",
      "/v1/models/foo/versions/50:predict",
      404,
      "Servable not found for request: Specific(foo, 50)",
    ],
    ["R14", "POST", "/v1/models/x/labels/nope:predict", 400, "Unrecognized servable version label: nope"],
    ["R16", "GET", "/v1/models/x/labels/nope/metadata", 400, "Unrecognized servable version label: nope"],
    ["R17", "GET", "/v1/models/foo", 404, "Could not find any versions of model foo"],
    ["R18", "GET", "/v1/models/x/versions/99", 404, "Could not find version 99 of model x"],
    ["R20", "GET", "/v1/models/x/", 400, "Malformed request: GET /v1/models/x/"],
    ["R20", "POST", "/v1/models/x:predict/", 400, "Malformed request: POST /v1/models/x:predict/"],
    ["R21", "POST", "/v1/models/x:predict?a=b", 400, "Malformed request: POST /v1/models/x:predict?a=b"],
  ])("%s: %s %s answers %i", async (_, method, path, status, error) => {
    const body = method === "POST" ? { body: { instances: [1] } } : {};
    const answer = await request(url + path, { method, ...body });
    expect([answer.status, answer.json.error]).toEqual([status, error]);
  });

  test.each([
    ["R5", "GET", "/v1/models/x:predict", "POST"],
    ["R11", "POST", "/v1/models/x/metadata", "GET"],
    ["R22", "PUT", "/v1/models/x", "GET"],
    ["R22", "DELETE", "/v1/models/x", "GET"],
  ])("%s: %s %s answers 405 with Allow", async (_, method, path, allowed) => {
    const answer = await request(url + path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toContain(allowed);
    expect(answer.json.code).toBe("METHOD_NOT_ALLOWED");
  });

  test("R15: the status of a label is that of all versions", async () => {
    const answer = await request(`${url}/v1/models/x/labels/nope`);
    expect(answer.status).toBe(200);
  });

  test("malformed JSON to an unknown model is 400, since the body is read first", async () => {
    const answer = await request(`${url}/v1/models/foo:predict`, { body: "instances = [1, 2]" });
    expect([answer.status, answer.json.error]).toEqual([
      400,
      "JSON Parse error: Invalid value. at offset: 0",
    ]);
  });

  test("takes a version with leading zeros", async () => {
    const answer = await request(`${url}/v1/models/x/versions/001:predict`, { body: { instances: [1] } });
    expect(answer.json).toEqual({ predictions: [2.5] });
  });

  test("answers the status with TensorFlow Serving's and KServe's members", async () => {
    const answer = await request(`${url}/v1/models/x`);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      name: "x",
      ready: true,
      model_version_status: [
        { version: "1", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } },
      ],
    });
  });

  test("answers the metadata with the signature as TensorFlow Serving writes it", async () => {
    const answer = await request(`${url}/v1/models/x/metadata`);
    expect(answer.json.model_spec).toEqual({ name: "x", signature_name: "", version: "1" });
    expect(answer.json.metadata).toMatchObject({
      signature_def: {
        signature_def: {
          serving_default: {
            inputs: { x: { dtype: "DT_FLOAT", tensor_shape: { dim: [{ size: "-1", name: "" }] } } },
            method_name: "tensorflow/serving/predict",
          },
        },
      },
    });
  });
});

describe("a name with encoded characters", () => {
  test("R19: is matched encoded and compared decoded", async () => {
    const name = "a!#$&'()*+,/:;=?@[]";
    const one = await startServer({
      files: { "model.onnx": halfPlusTwo() },
      flags: [`--model-name=${name}`],
    });
    started.push(one);
    const answer = await request(`${one.url}/v1/models/${encodeURIComponent(name)}:predict`, {
      body: { instances: [1] },
    });
    expect(answer.json).toEqual({ predictions: [2.5] });
  });
});

describe("POST /v1/models/<name>:predict", () => {
  test("half_plus_two answers the text that TensorFlow Serving's guide shows", async () => {
    const url = await serve(halfPlusTwo());
    const answer = await request(`${url}/v1/models/x:predict`, { body: '{"instances":[1.0,2.0,5.0]}' });
    expect(answer.text).toBe('{"predictions":[2.5,3.0,4.5]}');
    const columns = await request(`${url}/v1/models/x:predict`, { body: '{"inputs":[3.0,4.0]}' });
    expect(columns.text).toBe('{"outputs":[3.5,4.0]}');
    const named = await request(`${url}/v1/models/x:predict`, { body: '{"instances":[{"x":1},{"x":2}]}' });
    expect(named.json).toEqual({ predictions: [2.5, 3] });
  });

  test("several inputs take objects, and columns by name", async () => {
    const url = await serve(twoInputs());
    const rows = await request(`${url}/v1/models/x:predict`, {
      body: {
        instances: [
          { a: [1, 2], b: [10, 20] },
          { a: [3, 4], b: [30, 40] },
        ],
      },
    });
    expect(rows.json).toEqual({
      predictions: [
        [11, 22],
        [33, 44],
      ],
    });
    const columns = await request(`${url}/v1/models/x:predict`, {
      body: { inputs: { a: [[1, 2]], b: [[10, 20]] } },
    });
    expect(columns.json).toEqual({ outputs: [[11, 22]] });
  });

  test("several outputs answer an object for each row, and columns by name", async () => {
    const url = await serve(severalOutputs());
    const rows = await request(`${url}/v1/models/x:predict`, { body: { instances: [[1, 2, 4]] } });
    const columns = await request(`${url}/v1/models/x:predict`, { body: { inputs: [[1, 2, 4]] } });
    const [row] = rows.json.predictions as Record<string, unknown>[];
    const outputs = columns.json.outputs as Record<string, unknown[]>;
    expect(Object.keys(row ?? {}).sort()).toEqual(Object.keys(outputs).sort());
    for (const [name, value] of Object.entries(row ?? {})) expect(outputs[name]).toEqual([value]);
  });

  test.each([
    ["int64", "[9007199254740993,-9223372036854775808]"],
    ["int32", "[2147483647,-5]"],
    ["bool", "[true,false]"],
    ["string", '["hello","wörld"]'],
    ["float16", "[0.5,-2.0]"],
    ["uint8", "[0,255]"],
    ["float64", "[0.1,1e+300]"],
  ] as const)("passes %s tensors through exactly", async (dtype, values) => {
    const url = await serve(identity(dtype));
    const answer = await request(`${url}/v1/models/x:predict`, { body: `{"instances":${values}}` });
    expect(answer.text).toBe(`{"predictions":${values}}`);
  });

  test("a model without a batch axis is fed the request's tensor as it is", async () => {
    const url = await serve(noBatchAxis());
    const fits = await request(`${url}/v1/models/x:predict`, {
      body: {
        instances: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    });
    expect(fits.status).toBe(200);
    const tooFew = await request(`${url}/v1/models/x:predict`, { body: { instances: [[1, 2, 3]] } });
    expect([tooFew.status, tooFew.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  test("a scalar output is an error in the row format and bare in the columnar one", async () => {
    const url = await serve(scalarOutput());
    const rows = await request(`${url}/v1/models/x:predict`, { body: { instances: [1, 3] } });
    expect([rows.status, rows.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
    const columns = await request(`${url}/v1/models/x:predict`, { body: { inputs: [1, 3] } });
    expect(columns.text).toBe('{"outputs":2.0}');
  });

  test("a row of another shape fails its own request only", async () => {
    const url = await serve(identity("float32", [2]));
    const [bad, good] = await Promise.all([
      request(`${url}/v1/models/x:predict`, {
        body: {
          instances: [
            [1, 2],
            [1, 2, 3],
          ],
        },
      }),
      request(`${url}/v1/models/x:predict`, { body: { instances: [[5, 6]] } }),
    ]);
    expect([bad.status, bad.json.instance]).toEqual([400, 1]);
    expect(good.json).toEqual({ predictions: [[5, 6]] });
  });
});

describe("images on /v1", () => {
  let url: string;
  beforeAll(async () => {
    url = `${await serve()}/v1/models/x:predict`;
  });
  const best = (logits: unknown) => (logits as number[]).indexOf(Math.max(...(logits as number[])));

  test("answers ten digits with their raw rows", async () => {
    const answer = await request(url, { body: { instances: tenDigits() } });
    expect((answer.json.predictions as unknown[]).map(best)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("takes the graph's own input name, a bare b64 object and columns", async () => {
    const { image_bytes: b } = imageInstance(digitPng(6));
    for (const instances of [[{ pixel_values: b }], [b]]) {
      const answer = await request(url, { body: { signature_name: "class", instances } });
      expect(answer.json).toEqual({ predictions: [6] });
    }
    const columns = await request(url, {
      body: { signature_name: "class", inputs: { image_bytes: [b, b] } },
    });
    expect(columns.json).toEqual({ outputs: [6, 6] });
  });

  test("takes a raw image", async () => {
    const answer = await request(url, { body: digitPng(7) });
    expect((answer.json.predictions as unknown[]).map(best)).toEqual([7]);
  });

  test("takes rows that are preprocessed already", async () => {
    const row = Array.from({ length: 3 }, () => Array.from({ length: 32 }, () => new Array(32).fill(0)));
    const answer = await request(url, { body: { instances: [row] } });
    expect((answer.json.predictions as unknown[][])[0]).toHaveLength(10);
  });

  test("fails the request at the first bad instance, as TensorFlow Serving does", async () => {
    const instances = tenDigits().map((good, i) => (i === 3 ? imageInstance(Buffer.from("<html>")) : good));
    const answer = await request(url, { body: { instances } });
    expect([answer.status, answer.json.code, answer.json.instance]).toEqual([400, "INVALID_IMAGE", 3]);
  });

  test("names the class 'image_bytes' input as strings in the metadata", async () => {
    const answer = await request(url.replace(":predict", "/metadata"));
    expect(JSON.stringify(answer.json.metadata)).toContain('"pixel_values":{"dtype":"DT_STRING"');
    expect(answer.json.onnx_serving).toMatchObject({
      task: "classification",
      origins: { mean: "preprocessor_config.json" },
      batching: {
        max_batch_size: expect.any(Number),
        reason: expect.stringContaining("a row takes"),
        target_latency_ms: null,
        allowed_batch_sizes: null,
        run_time: { fixed_ms: expect.any(Number), row_ms: expect.any(Number) },
        expected_ms: expect.any(Number),
      },
    });
  });
});
