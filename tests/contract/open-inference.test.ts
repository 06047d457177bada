import { deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { DATATYPE_OF } from "../../src/protocol/open-inference-datatype.ts";
import { writeRawTensor } from "../../src/protocol/raw-tensor.ts";
import { DTYPES, type DType } from "../../src/tensor/dtype.ts";
import { request } from "../support/http-client.ts";
import { infer } from "../support/infer.ts";
import {
  halfPlusTwo,
  identity,
  nanOutput,
  noBatchAxis,
  severalOutputs,
  twoInputs,
} from "../support/onnx/tensor-models.ts";
import { tensor } from "../support/onnx/tensor-proto.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";

const started: StartedServer[] = [];
afterAll(() => Promise.all(started.map((one) => one.close())));

/** Serves a model as `m` for the tests of one block and returns the URL of its routes. */
async function serve(model: Uint8Array, options: StartOptions = {}): Promise<string> {
  const flags = ["--model-name=m", ...(options.flags ?? [])];
  const one = await startServer({ ...options, files: { "model.onnx": model }, flags });
  started.push(one);
  return `${one.url}/v2/models/m`;
}

const X = { name: "x", shape: [3], datatype: "FP32", data: [1, 2, 5] };

describe("routes of /v2", () => {
  let model: string;
  let v2: string;
  beforeAll(async () => {
    model = await serve(halfPlusTwo());
    v2 = model.replace("/models/m", "");
  });

  test("GET /v2 names the server and what it has of Triton's extensions", async () => {
    const { status, json } = await request(v2);
    expect({ status, json }).toEqual({
      status: 200,
      json: {
        name: "onnx-serving",
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        extensions: ["classification", "binary_tensor_data", "parameters"],
      },
    });
  });

  test.each([
    ["/health/live", { live: true }],
    ["/health/ready", { ready: true }],
    ["/models/m/ready", { name: "m", ready: true }],
    ["/models/m/versions/1/ready", { name: "m", ready: true }],
  ])("GET %s answers 200", async (path, json) => {
    const answer = await request(`${v2}${path}`);
    expect({ status: answer.status, json: answer.json }).toEqual({ status: 200, json });
    expect((await request(`${v2}${path}`, { method: "HEAD" })).status).toBe(200);
  });

  test.each(["", "/versions/1"])("GET /models/m%s describes the model", async (version) => {
    expect((await request(`${model}${version}`)).json).toEqual({
      name: "m",
      versions: ["1"],
      platform: "onnx_onnxv1",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1] }],
      outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
      signatures: ["serving_default"],
    });
  });

  test.each([
    ["GET", "/models/none", "NOT_FOUND"],
    ["GET", "/models/none/ready", "NOT_FOUND"],
    ["GET", "/models/m/versions/2", "NOT_FOUND"],
    ["GET", "/models/m/versions/2/ready", "NOT_FOUND"],
    ["GET", "/models/m/versions/v1", "NOT_FOUND"],
    ["GET", "/models/%ff", "NOT_FOUND"],
    ["GET", "/models/m/", "NOT_FOUND"],
    ["GET", "/models", "NOT_FOUND"],
    ["GET", "/models/m/versions/18446744073709551615", "INVALID_ARGUMENT"],
    ["POST", "/models/none/infer", "NOT_FOUND"],
    ["POST", "/models/m/versions/2/infer", "NOT_FOUND"],
    ["GET", "/models/m/infer", "METHOD_NOT_ALLOWED"],
    ["POST", "/models/m", "METHOD_NOT_ALLOWED"],
    ["POST", "/repository/models/m/load", "METHOD_NOT_ALLOWED"],
    ["POST", "/repository/models/m/unload", "METHOD_NOT_ALLOWED"],
  ])("%s %s answers %s", async (method, path, code) => {
    const body = method === "POST" ? { body: { inputs: [X] } } : {};
    const { status, json, headers } = await request(`${v2}${path}`, { method, ...body });
    expect({ status, json }).toMatchObject({
      status: { NOT_FOUND: 404, INVALID_ARGUMENT: 400, METHOD_NOT_ALLOWED: 405 }[code],
      json: { error: expect.any(String), code },
    });
    expect(headers.allow !== undefined).toBe(status === 405);
  });

  test("POST /repository/index lists the models and their states", async () => {
    const index = [{ name: "m", version: "1", state: "READY", reason: "" }];
    for (const body of ["", { ready: true }, {}]) {
      expect((await request(`${v2}/repository/index`, { method: "POST", body })).json).toEqual(index);
    }
    for (const body of ["{", "[]", '{"ready":"yes"}']) {
      expect((await request(`${v2}/repository/index`, { method: "POST", body })).status).toBe(400);
    }
  });

  test("GET /v1/models lists the models as KServe's V1 does", async () => {
    expect((await request(v2.replace("/v2", "/v1/models"))).json).toEqual({ models: ["m"] });
  });
});

describe("a server that is not ready", () => {
  test("answers 503 to probes and to all that needs the model", async () => {
    const { url, close } = await startServer({ load: false });
    onTestFinished(close);
    const status = async (path: string) => {
      const { status, json } = await request(`${url}${path}`);
      return { status, json };
    };
    expect(await status("/v2/health/live")).toEqual({ status: 200, json: { live: true } });
    expect(await status("/v2/health/ready")).toEqual({ status: 503, json: { ready: false } });
    expect(await status("/v2/models/model/ready")).toEqual({
      status: 503,
      json: { name: "model", ready: false },
    });
    expect(await status("/v2/models/model")).toMatchObject({ status: 503, json: { code: "NOT_READY" } });
    const answer = await infer(`${url}/v2/models/model/infer`, { inputs: [] });
    expect(answer).toMatchObject({ status: 503, json: { code: "NOT_READY" } });
    expect((await request(`${url}/v2`)).status).toBe(200);
    const index = await request(`${url}/v2/repository/index`, { method: "POST", body: "" });
    expect(index.json).toMatchObject([{ name: "model", state: "LOADING" }]);
    const ready = await request(`${url}/v2/repository/index`, { body: { ready: true } });
    expect(ready.json).toEqual([]);
  });
});

describe("POST /v2/models/m/infer", () => {
  let url: string;
  beforeAll(async () => {
    url = `${await serve(halfPlusTwo(), { flags: ["--max-instances=4"] })}/infer`;
  });
  const Y = { name: "y", datatype: "FP32", shape: [3] };

  test("answers with the outputs as JSON, and the id of the request", async () => {
    const { json, headers } = await infer(url, { id: "a\u00e9", inputs: [X] });
    expect(json).toEqual({
      model_name: "m",
      model_version: "1",
      id: "a\u00e9",
      outputs: [{ ...Y, data: [2.5, 3, 4.5] }],
    });
    expect(headers["content-type"]).toMatch(/^application\/json/);
    expect(headers["inference-header-content-length"]).toBeUndefined();
  });

  test("takes a version in the path", async () => {
    const answer = await infer(url.replace("/infer", "/versions/1/infer"), { inputs: [X] });
    expect(answer.json).toMatchObject({ model_version: "1" });
  });

  test("takes and gives binary tensors", async () => {
    const binary = { ...X, data: undefined, parameters: { binary_data_size: 12 } };
    const { json, binaries, headers } = await infer(
      url,
      { inputs: [binary], outputs: [{ name: "y", parameters: { binary_data: true } }] },
      { tail: writeRawTensor({ dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) }) },
    );
    expect(json.outputs).toEqual([{ ...Y, parameters: { binary_data_size: 12 } }]);
    expect(binaries.y).toEqual(Buffer.from(Float32Array.of(2.5, 3, 4.5).buffer));
    expect(headers["content-type"]).toBe("application/octet-stream");
  });

  test("gives all outputs as binary where the request says so, unless an output says otherwise", async () => {
    const parameters = { binary_data_output: true };
    expect((await infer(url, { inputs: [X], parameters })).binaries.y).toHaveLength(12);
    const outputs = [{ name: "y", parameters: { binary_data: false } }];
    expect((await infer(url, { inputs: [X], parameters, outputs })).json.outputs).toMatchObject([
      { data: [2.5, 3, 4.5] },
    ]);
  });

  test("takes a JSON length that is the whole body", async () => {
    const { status } = await infer(url, { inputs: [X] }, { tail: new Uint8Array() });
    expect(status).toBe(200);
  });

  test("takes one row as it is where the length of the JSON is 0, and answers in kind", async () => {
    const body = Buffer.from(Float32Array.of(3).buffer);
    const { json, binaries } = await infer(url, body, { headers: { "Inference-Header-Content-Length": 0 } });
    expect(json.outputs).toEqual([
      { name: "y", datatype: "FP32", shape: [1], parameters: { binary_data_size: 4 } },
    ]);
    expect(binaries.y).toEqual(Buffer.from(Float32Array.of(3.5).buffer));
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ])("takes a body of binary tensors in %s", async (encoding, compress) => {
    const json = Buffer.from(
      JSON.stringify({
        inputs: [{ ...X, shape: [1], data: undefined, parameters: { binary_data_size: 4 } }],
      }),
    );
    const body = compress(Buffer.concat([json, Buffer.from(Float32Array.of(3).buffer)]));
    const headers = { "Content-Encoding": encoding, "Inference-Header-Content-Length": json.length };
    expect((await infer(url, body, { headers })).json.outputs).toMatchObject([{ data: [3.5] }]);
  });

  test("takes two rows of one number each, nested or not", async () => {
    const model = await serve(identity("int64", [1]));
    for (const data of [
      [1, 2],
      [[1], [2]],
    ]) {
      const inputs = [{ name: "x", shape: [2, 1], datatype: "INT64", data }];
      expect((await infer(`${model}/infer`, { inputs })).json.outputs).toEqual([
        { name: "y", datatype: "INT64", shape: [2, 1], data: [1, 2] },
      ]);
    }
  });

  test.each<[string, object]>([
    ["no inputs", {}],
    ["an input of another name", { inputs: [{ ...X, name: "z" }] }],
    ["another type", { inputs: [{ ...X, datatype: "FP64" }] }],
    ["a type that there is not", { inputs: [{ ...X, datatype: "BF16" }] }],
    ["another number of elements", { inputs: [{ ...X, data: [1] }] }],
    ["another rank", { inputs: [{ ...X, shape: [3, 1] }] }],
    ["no rows", { inputs: [{ ...X, shape: [0], data: [] }] }],
    ["an unknown output", { inputs: [X], outputs: [{ name: "z" }] }],
    ["an unknown signature", { inputs: [X], parameters: { signature_name: "label" } }],
    ["an unknown parameter", { inputs: [X], parameters: { k: 3 } }],
    [
      "binary data that is not there",
      { inputs: [{ ...X, data: undefined, parameters: { binary_data_size: 12 } }] },
    ],
    ["a list", []],
  ])("refuses %s", async (_, body) => {
    const { status, json } = await infer(url, body);
    expect({ status, json }).toMatchObject({
      status: 400,
      json: { error: expect.any(String), code: "INVALID_ARGUMENT" },
    });
  });

  test("refuses what is no JSON, and more rows than MAX_INSTANCES", async () => {
    expect((await infer(url, Buffer.from("{"))).json).toMatchObject({ code: "INVALID_JSON" });
    expect((await infer(url, Buffer.from("<html>"))).json).toMatchObject({
      error: expect.stringContaining("HTML"),
    });
    const inputs = [{ ...X, shape: [5], data: [1, 2, 3, 4, 5] }];
    expect(await infer(url, { inputs })).toMatchObject({ status: 413, json: { code: "TOO_MANY_INSTANCES" } });
  });

  test.each(["-1", "1.5", "x", "99999"])("refuses a JSON length of %s", async (length) => {
    const headers = { "Inference-Header-Content-Length": length };
    expect(await infer(url, { inputs: [X] }, { headers })).toMatchObject({
      status: 400,
      json: { code: "INVALID_ARGUMENT" },
    });
  });
});

const VALUES: Readonly<Record<DType, readonly (number | string)[]>> = {
  float32: [0.1, -1.5, 16777216],
  float64: [0.1, -1e300, 5e-324],
  float16: [0.5, -2, 65504],
  int8: [-128, 0, 127],
  int16: [-32768, 0, 32767],
  int32: [-2147483648, 0, 2147483647],
  int64: [0, 1, 2],
  uint8: [0, 1, 255],
  uint16: [0, 1, 65535],
  uint32: [0, 1, 4294967295],
  uint64: [0, 1, 2],
  bool: [0, 1, 1],
  string: ["", "\u00e9", "a\nb"],
};

describe("a model of each type", () => {
  test.each(DTYPES)("takes and gives %s, as binary and as JSON", async (dtype) => {
    const url = `${await serve(identity(dtype))}/infer`;
    const datatype = DATATYPE_OF[dtype];
    const raw = Buffer.from(writeRawTensor(tensor(dtype, [3], VALUES[dtype])));
    const binary = { name: "x", shape: [3], datatype, parameters: { binary_data_size: raw.length } };
    const wanted = [{ name: "y", parameters: { binary_data: true } }];
    const answer = await infer(url, { inputs: [binary], outputs: wanted }, { tail: raw });
    expect(answer.json.outputs).toEqual([
      { name: "y", datatype, shape: [3], parameters: { binary_data_size: raw.length } },
    ]);
    expect(answer.binaries.y).toEqual(raw);

    const data = dtype === "bool" ? [false, true, true] : VALUES[dtype];
    const json = { name: "x", shape: [3], datatype, data };
    const inJson = await infer(url, { inputs: [json] });
    if (dtype === "float16") {
      expect(inJson.json).toMatchObject({ code: "INVALID_ARGUMENT" });
      expect((await infer(url, { inputs: [json], outputs: wanted })).status).toBe(400);
      expect((await infer(url, { inputs: [binary] }, { tail: raw })).json).toMatchObject({
        error: expect.stringContaining("binary_data"),
      });
    } else {
      expect(inJson.json.outputs).toEqual([{ name: "y", datatype, shape: [3], data }]);
    }
  });

  test("keeps every digit of a 64-bit integer in JSON", async () => {
    for (const [dtype, digits] of [
      ["int64", "[-9223372036854775808,9007199254740993]"],
      ["uint64", "[18446744073709551615,1]"],
    ] as const) {
      const url = `${await serve(identity(dtype))}/infer`;
      const body = `{"inputs":[{"name":"x","shape":[2],"datatype":"${DATATYPE_OF[dtype]}","data":${digits}}]}`;
      expect((await request(url, { body })).text).toContain(`"data":${digits}`);
    }
  });
});

describe("several inputs and outputs", () => {
  test("are told by name", async () => {
    const url = `${await serve(twoInputs())}/infer`;
    const a = { name: "a", shape: [1, 2], datatype: "FP32", data: [1, 2] };
    const b = { name: "b", shape: [1, 2], datatype: "FP32", parameters: { binary_data_size: 8 } };
    const tail = Buffer.from(Float32Array.of(10, 20).buffer);
    const { json } = await infer(url, { inputs: [b, a] }, { tail });
    expect(json.outputs).toEqual([{ name: "sum", datatype: "FP32", shape: [1, 2], data: [11, 22] }]);
    const raw = await infer(url, tail, { headers: { "Inference-Header-Content-Length": 0 } });
    expect(raw.json).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("come all, or as the request wants them, in its order", async () => {
    const url = `${await serve(severalOutputs())}/infer`;
    const inputs = [{ name: "x", shape: [2, 3], datatype: "FP32", data: [1, 2, 3, 6, 5, 4] }];
    const sum = { name: "sum", datatype: "FP32", shape: [2, 1], data: [6, 15] };
    const doubled = { name: "doubled", datatype: "FP32", shape: [2, 3], data: [2, 4, 6, 12, 10, 8] };
    const largest = { name: "largest", datatype: "INT64", shape: [2], data: [2, 0] };
    expect((await infer(url, { inputs })).json.outputs).toEqual([sum, doubled, largest]);
    const outputs = [{ name: "largest" }, { name: "sum", parameters: { binary_data: true } }];
    const mixed = await infer(url, { inputs, outputs });
    expect(mixed.json.outputs).toEqual([
      largest,
      { name: "sum", datatype: "FP32", shape: [2, 1], parameters: { binary_data_size: 8 } },
    ]);
    expect(mixed.binaries.sum).toEqual(Buffer.from(Float32Array.of(6, 15).buffer));
    const classes = [{ name: "doubled", parameters: { classification: 2 } }];
    expect((await infer(url, { inputs, outputs: classes })).json.outputs).toEqual([
      { name: "doubled", datatype: "BYTES", shape: [2, 2], data: ["6.0:2", "4.0:1", "12.0:0", "10.0:1"] },
    ]);
  });

  test("have no rows in a model without a batch axis", async () => {
    const url = `${await serve(noBatchAxis())}/infer`;
    const inputs = [{ name: "x", shape: [2, 3], datatype: "FP32", data: [1, 2, 3, 6, 5, 4] }];
    const outputs = [{ name: "y", parameters: { classification: 1 } }];
    expect((await infer(url, { inputs })).json.outputs).toMatchObject([
      { shape: [2, 3], data: [2, 4, 6, 12, 10, 8] },
    ]);
    expect((await infer(url, { inputs, outputs })).json.outputs).toMatchObject([
      { shape: [1], data: ["12.0:3"] },
    ]);
    expect((await request(url.replace("/infer", ""))).json).toMatchObject({ inputs: [{ shape: [2, 3] }] });
  });

  test("may be numbers that JSON has no word for", async () => {
    const url = `${await serve(nanOutput())}/infer`;
    const inputs = [{ name: "x", shape: [1, 1], datatype: "FP32", data: [1] }];
    expect((await infer(url, { inputs })).json.outputs).toMatchObject([{ data: [1, null, null] }]);
    const { binaries } = await infer(url, { inputs, parameters: { binary_data_output: true } });
    expect([...new Float32Array(new Uint8Array(binaries.y ?? []).buffer)]).toEqual([
      1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]);
  });
});
