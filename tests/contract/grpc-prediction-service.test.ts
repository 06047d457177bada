import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DIGIT_NAMES, digitPng } from "../support/digits.ts";
import { exampleDir, readSample } from "../support/examples.ts";
import { decode, GrpcClient, type Message } from "../support/grpc/grpc-client.ts";
import { halfPlusTwo, severalOutputs, twoInputs } from "../support/onnx/tensor-models.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";

const started: StartedServer[] = [];
const clients: GrpcClient[] = [];
async function serve(options: StartOptions = {}): Promise<GrpcClient> {
  const flags = ["--model-name=x", "--grpc-port=0", ...(options.flags ?? [])];
  const one = await startServer({ ...options, flags });
  started.push(one);
  const client = new GrpcClient(one.server.grpcPort ?? 0);
  clients.push(client);
  return client;
}
afterAll(async () => {
  for (const client of clients) client.close();
  await Promise.all(started.map((one) => one.close()));
});

const SERVICE = "tensorflow.serving.PredictionService";
const PREDICT = `${SERVICE}/Predict`;

const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size })) });
const floats = (shape: number[], ...values: number[]) => ({
  dtype: 1,
  tensor_shape: dims(...shape),
  float_val: values,
});
const images = (...files: Buffer[]) => ({
  dtype: 7,
  tensor_shape: dims(files.length),
  string_val: files,
});
const shapeOf = (tensor: Message) =>
  tensor.tensor_shape.dim.map(({ size }: { size: string }) => Number(size));

describe("Predict of a model of tensors", () => {
  let client: GrpcClient;
  beforeAll(async () => {
    client = await serve({ files: { "model.onnx": halfPlusTwo() } });
  });
  const predict = (request: object) => client.call(PREDICT, { model_spec: { name: "x" }, ...request });

  test("answers with the outputs, and the model and signature that answered", async () => {
    const { status, message } = await predict({ inputs: { x: floats([3], 1, 2, 5) } });
    expect(status).toBe("OK");
    expect(message.outputs.y).toMatchObject({ dtype: 1, float_val: [2.5, 3, 4.5] });
    expect(shapeOf(message.outputs.y)).toEqual([3]);
    expect(message.model_spec).toMatchObject({
      name: "x",
      version: { value: "1" },
      signature_name: "serving_default",
    });
  });

  test("takes tensor_content", async () => {
    const content = Buffer.from(Float32Array.of(1, 2).buffer);
    const x = { dtype: 1, tensor_shape: dims(2), tensor_content: content };
    expect((await predict({ inputs: { x } })).message.outputs.y.float_val).toEqual([2.5, 3]);
  });

  test("takes the last element for the rest", async () => {
    const { message } = await predict({ inputs: { x: floats([3], 2) } });
    expect(message.outputs.y.float_val).toEqual([3, 3, 3]);
  });

  test.each([
    ["no model_spec", { model_spec: undefined }, "INVALID_ARGUMENT", "Missing ModelSpec"],
    ["no name", { model_spec: {} }, "INVALID_ARGUMENT", "model_spec.name"],
    ["an unknown model", { model_spec: { name: "z" } }, "NOT_FOUND", "Latest(z)"],
    [
      "an unknown version",
      { model_spec: { name: "x", version: { value: "7" } } },
      "NOT_FOUND",
      "Specific(x, 7)",
    ],
    [
      "an unknown label",
      { model_spec: { name: "x", version_label: "stable" } },
      "INVALID_ARGUMENT",
      "Unrecognized servable version label: stable",
    ],
    [
      "an unknown signature",
      { model_spec: { name: "x", signature_name: "s" } },
      "INVALID_ARGUMENT",
      'Serving signature name: "s" not found',
    ],
    ["an unknown input", { inputs: { z: floats([1], 1) } }, "INVALID_ARGUMENT", "there is no input 'z'"],
    ["no inputs", {}, "INVALID_ARGUMENT", "'x' is missing"],
    [
      "an input of another type",
      { inputs: { x: { dtype: 9, tensor_shape: dims(1), int64_val: [1] } } },
      "INVALID_ARGUMENT",
      "expected a tensor of float32",
    ],
    [
      "an input of another shape",
      { inputs: { x: floats([1, 1], 1) } },
      "INVALID_ARGUMENT",
      "expected shape [N]",
    ],
    [
      "an output that is none",
      { inputs: { x: floats([1], 1) }, output_filter: ["z"] },
      "INVALID_ARGUMENT",
      "output tensor alias not found in signature: z",
    ],
    [
      "more rows than MAX_INSTANCES",
      { inputs: { x: floats([1025], 1) } },
      "RESOURCE_EXHAUSTED",
      "expected at most 1024",
    ],
  ])("refuses %s", async (_, request, status, details) => {
    const reply = await predict(request);
    expect([reply.status, reply.details]).toEqual([status, expect.stringContaining(details)]);
  });

  test("refuses a message that is none", async () => {
    const reply = await client.callBytes(PREDICT, Buffer.of(0x0a, 0x7f));
    expect(reply.status).toBe("INVALID_ARGUMENT");
  });

  test("gives a known version", async () => {
    const model_spec = { name: "x", version: { value: "1" } };
    expect((await predict({ model_spec, inputs: { x: floats([1], 1) } })).status).toBe("OK");
  });

  test("regresses examples", async () => {
    const example = (value: number) => ({ features: { feature: { x: { float_list: { value: [value] } } } } });
    const { status, message } = await client.call(`${SERVICE}/Regress`, {
      model_spec: { name: "x" },
      input: { example_list: { examples: [example(80), example(2)] } },
    });
    expect(status).toBe("OK");
    expect(message.result.regressions).toEqual([{ value: 42 }, { value: 3 }]);
    expect(message.model_spec.version.value).toBe("1");
  });

  test("refuses to classify with a model that does not", async () => {
    const reply = await client.call(`${SERVICE}/Classify`, {
      model_spec: { name: "x" },
      input: { example_list: { examples: [{}] } },
    });
    expect(reply.status).toBe("INVALID_ARGUMENT");
    expect(reply.details).toContain("tensorflow/serving/classify");
  });

  test("fails a call for one bad example, and says which", async () => {
    const good = { features: { feature: { x: { float_list: { value: [1] } } } } };
    const reply = await client.call(`${SERVICE}/Regress`, {
      model_spec: { name: "x" },
      input: { example_list: { examples: [good, {}] } },
    });
    expect(reply).toMatchObject({
      status: "INVALID_ARGUMENT",
      details: expect.stringContaining("Feature: x"),
    });
  });

  test("does not offer MultiInference, and says so", async () => {
    const reply = await client.call(`${SERVICE}/MultiInference`, {});
    expect(reply).toMatchObject({ status: "UNIMPLEMENTED", details: expect.stringContaining("Classify") });
  });
});

describe("Predict of a model of several tensors", () => {
  test("takes a tensor for each input", async () => {
    const client = await serve({ files: { "model.onnx": twoInputs() } });
    const inputs = { a: floats([1, 2], 1, 2), b: floats([1, 2], 10, 20) };
    const { message } = await client.call(PREDICT, { model_spec: { name: "x" }, inputs });
    expect(message.outputs.sum.float_val).toEqual([11, 22]);
  });

  test("answers with the outputs that output_filter names", async () => {
    const client = await serve({ files: { "model.onnx": severalOutputs() } });
    const inputs = { x: floats([1, 3], 1) };
    const all = await client.call(PREDICT, { model_spec: { name: "x" }, inputs });
    const names = Object.keys(all.message.outputs);
    expect(names.length).toBeGreaterThan(1);
    const output_filter = names.slice(0, 1);
    const { message } = await client.call(PREDICT, { model_spec: { name: "x" }, inputs, output_filter });
    expect(message.outputs).toEqual({ [names[0] as string]: all.message.outputs[names[0] as string] });
  });
});

describe("Predict of a classifier of images", () => {
  let client: GrpcClient;
  beforeAll(async () => {
    client = await serve();
  });
  const ask = (signature_name: string, inputs: object) =>
    client.call(PREDICT, { model_spec: { name: "x", signature_name }, inputs });
  const three = images(digitPng(7), digitPng(0), digitPng(3));

  test.each(["pixel_values", "image_bytes"])("takes encoded images as %s", async (name) => {
    const { message } = await ask("class", { [name]: three });
    expect(message.outputs.class).toMatchObject({ dtype: 9, int64_val: ["7", "0", "3"] });
    expect(message.model_spec.signature_name).toBe("class");
  });

  test("answers with the raw outputs where no signature is named", async () => {
    const { message } = await ask("", { image_bytes: three });
    expect(shapeOf(message.outputs.logits)).toEqual([3, 10]);
  });

  test("answers with labels as strings", async () => {
    const { message } = await ask("label", { image_bytes: three });
    expect(message.outputs.label.string_val.map(String)).toEqual([7, 0, 3].map((i) => DIGIT_NAMES[i]));
  });

  test("answers with the best classes", async () => {
    const { message } = await ask("top_k", { image_bytes: three });
    expect(Object.keys(message.outputs).sort()).toEqual(["class", "label", "score"]);
    expect(shapeOf(message.outputs.class)).toEqual([3, 5]);
    expect(message.outputs.class.int64_val[0]).toBe("7");
  });

  test("fails a call for one bad image, and says which", async () => {
    const reply = await ask("class", { image_bytes: images(digitPng(1), Buffer.from("<html>")) });
    expect(reply.status).toBe("INVALID_ARGUMENT");
    expect(reply.details).toContain("instances[1]");
    expect(reply.trailers["onnx-serving-code"]).toBe("INVALID_IMAGE");
  });

  test("fails it too where ON_BAD_INSTANCE says report: a tensor has no place for an error", async () => {
    const reporting = await serve({ flags: ["--on-bad-instance=report"] });
    const inputs = { image_bytes: images(digitPng(1), Buffer.from("<html>")) };
    const spec = { name: "x", signature_name: "class" };
    expect((await reporting.call(PREDICT, { model_spec: spec, inputs })).status).toBe("INVALID_ARGUMENT");
  });

  test.each(["pixel_values", "image_bytes", "image/encoded"])(
    "classifies examples of images in %s",
    async (name) => {
      const example = { features: { feature: { [name]: { bytes_list: { value: [digitPng(4)] } } } } };
      const { message } = await client.call(`${SERVICE}/Classify`, {
        model_spec: { name: "x" },
        input: { example_list: { examples: [example, example] } },
      });
      expect(message.result.classifications).toHaveLength(2);
      const [{ classes }] = message.result.classifications;
      expect(classes.map(({ label }: { label: string }) => label)).toEqual(DIGIT_NAMES);
      const best = classes.reduce((a: Message, b: Message) => (b.score > a.score ? b : a));
      expect(best.label).toBe(DIGIT_NAMES[4]);
    },
  );

  test("describes its signatures, images as strings", async () => {
    const { message } = await client.call(`${SERVICE}/GetModelMetadata`, {
      model_spec: { name: "x" },
      metadata_field: ["signature_def"],
    });
    expect(message.model_spec).toMatchObject({ name: "x", version: { value: "1" } });
    const { type_url, value } = message.metadata.signature_def;
    expect(type_url).toBe("type.googleapis.com/tensorflow.serving.SignatureDefMap");
    const { signature_def } = decode("tensorflow.serving.SignatureDefMap", value);
    expect(Object.keys(signature_def)).toEqual(["serving_default", "class", "label", "scores", "top_k"]);
    const { inputs, outputs, method_name } = signature_def.scores;
    expect(method_name).toBe("tensorflow/serving/predict");
    expect(inputs.pixel_values).toMatchObject({ name: "pixel_values", dtype: 7 });
    expect(shapeOf(inputs.pixel_values)).toEqual([-1]);
    expect(outputs.scores.dtype).toBe(1);
    expect(shapeOf(outputs.scores)).toEqual([-1, 10]);
  });

  test.each([
    ["no field", []],
    ["an unknown field", ["assets"]],
  ])("refuses a question for %s of the metadata", async (_, metadata_field) => {
    const request = { model_spec: { name: "x" }, metadata_field };
    expect((await client.call(`${SERVICE}/GetModelMetadata`, request)).status).toBe("INVALID_ARGUMENT");
  });
});

describe("Predict of a segmentation model", () => {
  test("answers with a PNG for each image, as bytes", async () => {
    const client = await serve({ flags: [`--model-dir=${exampleDir("segmentation")}`] });
    const file = readSample("segmentation", "1.jpg");
    const { status, details, message } = await client.call(PREDICT, {
      model_spec: { name: "x", signature_name: "mask_png" },
      inputs: { image_bytes: images(file) },
    });
    expect([status, details]).toEqual(["OK", "OK"]);
    const [png] = message.outputs.mask_png.string_val;
    expect(png.subarray(1, 4).toString()).toBe("PNG");
  });
});
