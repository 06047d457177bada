import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DIGIT_NAMES, digitPng } from "../support/digits.ts";
import { GrpcClient, type Message } from "../support/grpc/grpc-client.ts";
import { identity, noBatchAxis, severalOutputs } from "../support/onnx/tensor-models.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";

const started: StartedServer[] = [];
const clients: GrpcClient[] = [];
async function serve(options: StartOptions = {}): Promise<GrpcClient> {
  const one = await startServer({ ...options, flags: ["--grpc-port=0", ...(options.flags ?? [])] });
  started.push(one);
  const client = new GrpcClient(one.server.grpcPort ?? 0);
  clients.push(client);
  return client;
}
afterAll(async () => {
  for (const client of clients) client.close();
  await Promise.all(started.map((one) => one.close()));
});

const SERVICE = "inference.GRPCInferenceService";
const INFER = `${SERVICE}/ModelInfer`;

/** Elements as `raw_input_contents` has strings: each behind its length. */
function framed(...elements: readonly (Buffer | string)[]): Buffer {
  const pieces = elements.flatMap((element) => {
    const bytes = Buffer.from(element);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(pieces);
}

function unframed(raw: Buffer): string[] {
  const elements: string[] = [];
  for (let at = 0; at < raw.length; ) {
    const end = at + 4 + raw.readUInt32LE(at);
    elements.push(raw.toString("utf8", at + 4, end));
    at = end;
  }
  return elements;
}

const floatsOf = (raw: Buffer) => [...new Float32Array(new Uint8Array(raw).buffer)];

describe("the inference service", () => {
  let client: GrpcClient;
  beforeAll(async () => {
    client = await serve();
  });

  test("is live and ready", async () => {
    expect((await client.call(`${SERVICE}/ServerLive`, {})).message).toEqual({ live: true });
    expect((await client.call(`${SERVICE}/ServerReady`, {})).message).toEqual({ ready: true });
    expect((await client.call(`${SERVICE}/ModelReady`, { name: "model" })).message).toEqual({ ready: true });
  });

  test.each([
    ["an unknown model", { name: "z" }, "NOT_FOUND"],
    ["an unknown version", { name: "model", version: "2" }, "NOT_FOUND"],
    ["a version that is no number", { name: "model", version: "latest" }, "INVALID_ARGUMENT"],
    ["no model", {}, "INVALID_ARGUMENT"],
  ])("refuses a question for %s", async (_, request, status) => {
    expect((await client.call(`${SERVICE}/ModelMetadata`, request)).status).toBe(status);
  });

  test.each([
    ["an unknown model", { name: "z" }],
    ["an unknown version", { name: "model", version: "2" }],
  ])("says, as Triton does, that %s is not ready", async (_, request) => {
    expect(await client.call(`${SERVICE}/ModelReady`, request)).toMatchObject({
      status: "OK",
      message: { ready: false },
    });
  });

  test("tells its name and extensions", async () => {
    const { message } = await client.call(`${SERVICE}/ServerMetadata`, {});
    expect(message.name).toBe("onnx-serving");
    expect(message.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(message.extensions).toContain("classification");
  });

  test("describes the model, images as BYTES", async () => {
    const { message } = await client.call(`${SERVICE}/ModelMetadata`, { name: "model" });
    expect(message).toEqual({
      name: "model",
      versions: ["1"],
      platform: "onnx_onnxv1",
      inputs: [{ name: "pixel_values", datatype: "BYTES", shape: ["-1"] }],
      outputs: [{ name: "logits", datatype: "FP32", shape: ["-1", "10"] }],
    });
  });

  const image = (shape: number[]) => ({ name: "pixel_values", datatype: "BYTES", shape });

  test.each([[[2]], [[2, 1]]])("takes raw images %j, and answers raw", async (shape) => {
    const { status, details, message } = await client.call(INFER, {
      model_name: "model",
      id: "call-7",
      inputs: [image(shape)],
      raw_input_contents: [framed(digitPng(7), digitPng(2))],
      parameters: { signature_name: { string_param: "class" } },
    });
    expect([status, details]).toEqual(["OK", "OK"]);
    expect(message).toMatchObject({ model_name: "model", model_version: "1", id: "call-7" });
    expect(message.outputs).toMatchObject([
      { name: "class", datatype: "INT64", shape: ["2"], contents: null },
    ]);
    expect([...new BigInt64Array(new Uint8Array(message.raw_output_contents[0]).buffer)]).toEqual([7n, 2n]);
  });

  test("takes images in contents, and answers in contents", async () => {
    const { message } = await client.call(INFER, {
      model_name: "model",
      inputs: [{ ...image([1]), contents: { bytes_contents: [digitPng(7)] } }],
      parameters: { signature_name: { string_param: "label" } },
    });
    expect(message.raw_output_contents).toEqual([]);
    const [label] = message.outputs;
    expect(label).toMatchObject({ name: "label", datatype: "BYTES", shape: ["1"] });
    expect(label.contents.bytes_contents.map(String)).toEqual([DIGIT_NAMES[7]]);
  });

  test("takes a signature's parameters", async () => {
    const { message } = await client.call(INFER, {
      model_name: "model",
      inputs: [{ ...image([1]), contents: { bytes_contents: [digitPng(7)] } }],
      parameters: { signature_name: { string_param: "top_k" }, k: { int64_param: "2" } },
    });
    const shapes = message.outputs.map(({ shape }: Message) => shape);
    expect(shapes).toEqual([
      ["1", "2"],
      ["1", "2"],
      ["1", "2"],
    ]);
  });

  test("classifies an output as Triton does", async () => {
    const { message } = await client.call(INFER, {
      model_name: "model",
      inputs: [image([1])],
      outputs: [{ name: "logits", parameters: { classification: { int64_param: "2" } } }],
      raw_input_contents: [framed(digitPng(7))],
    });
    expect(message.outputs).toMatchObject([{ name: "logits", datatype: "BYTES", shape: ["1", "2"] }]);
    const [best] = unframed(message.raw_output_contents[0]);
    expect(best).toMatch(/^[\d.]+:7:seven$/);
  });

  test.each([
    ["an unknown model", { model_name: "z" }, "NOT_FOUND"],
    ["no input", { model_name: "model" }, "INVALID_ARGUMENT"],
    [
      "an unknown output",
      {
        model_name: "model",
        inputs: [image([1])],
        raw_input_contents: [framed("")],
        outputs: [{ name: "z" }],
      },
      "INVALID_ARGUMENT",
    ],
    [
      "an image that is none",
      { model_name: "model", inputs: [image([1])], raw_input_contents: [framed("<html>")] },
      "INVALID_ARGUMENT",
    ],
    [
      "fewer images than the shape says",
      { model_name: "model", inputs: [image([2])], raw_input_contents: [framed(digitPng(1))] },
      "INVALID_ARGUMENT",
    ],
    [
      "more images than MAX_INSTANCES",
      { model_name: "model", inputs: [image([1025])], raw_input_contents: [framed(digitPng(1))] },
      "RESOURCE_EXHAUSTED",
    ],
  ])("refuses %s", async (_, request, status) => {
    expect((await client.call(INFER, request)).status).toBe(status);
  });
});

describe("ModelInfer of tensors", () => {
  test("answers with the outputs that are asked for, in their order", async () => {
    const client = await serve({ files: { "model.onnx": severalOutputs() } });
    const { message } = await client.call(INFER, {
      model_name: "model",
      inputs: [
        { name: "x", datatype: "FP32", shape: [2, 3], contents: { fp32_contents: [1, 2, 3, 30, 20, 10] } },
      ],
      outputs: [{ name: "largest" }, { name: "sum" }],
    });
    expect(message.outputs).toMatchObject([
      { name: "largest", datatype: "INT64", shape: ["2"], contents: { int64_contents: ["2", "0"] } },
      { name: "sum", datatype: "FP32", shape: ["2", "1"], contents: { fp32_contents: [6, 60] } },
    ]);
  });

  test.each([
    ["INT8", "int8", "int_contents", [-128, 127]],
    ["UINT8", "uint8", "uint_contents", [0, 255]],
    ["INT32", "int32", "int_contents", [-1, 2 ** 31 - 1]],
    ["INT64", "int64", "int64_contents", ["-9223372036854775808", "9223372036854775807"]],
    ["FP64", "float64", "fp64_contents", [0.1, -1e300]],
    ["BOOL", "bool", "bool_contents", [true, false]],
  ] as const)("gives %s back as it came", async (datatype, dtype, field, values) => {
    const client = await serve({ files: { "model.onnx": identity(dtype) } });
    const { message } = await client.call(INFER, {
      model_name: "model",
      inputs: [{ name: "x", datatype, shape: [2], contents: { [field]: values } }],
    });
    expect(message.outputs).toMatchObject([{ name: "y", datatype, contents: { [field]: values } }]);
  });

  test("gives strings back as they came, raw", async () => {
    const client = await serve({ files: { "model.onnx": identity("string") } });
    const raw = framed("", "zürich");
    const { message } = await client.call(INFER, {
      model_name: "model",
      inputs: [{ name: "x", datatype: "BYTES", shape: [2] }],
      raw_input_contents: [raw],
    });
    expect(message.raw_output_contents).toEqual([raw]);
  });

  test("takes what a model without a batch axis takes", async () => {
    const client = await serve({ files: { "model.onnx": noBatchAxis() } });
    const ask = (contents: object) =>
      client.call(INFER, {
        model_name: "model",
        inputs: [{ name: "x", datatype: "FP32", shape: [2, 3] }],
        raw_input_contents: [Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)],
        ...contents,
      });
    const { message } = await ask({});
    expect(floatsOf(message.raw_output_contents[0])).toEqual([2, 4, 6, 8, 10, 12]);
  });
});
