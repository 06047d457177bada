import { describe, expect, test } from "vitest";
import { parseAnalyze } from "../../../src/protocol/parse-analyze.ts";
import { parseEnvelope } from "../../../src/protocol/parse-json.ts";
import type { ModelInputs } from "../../../src/protocol/predict-request.ts";
import { errorOf, seen } from "./error-of.ts";

const images: ModelInputs = {
  inputs: [{ name: "pixels", dtype: "float32", shape: ["N", 3, 2, 2] }],
  imageInput: "pixels",
  batching: "rows",
};
const numbers: ModelInputs = { inputs: [{ name: "x", dtype: "float32", shape: ["N", 2] }], batching: "rows" };
const hello = new Uint8Array(Buffer.from("hello"));

function parse(text: string, model = images, maxInstances = 1024) {
  return parseAnalyze(parseEnvelope(JSON.parse(text), text), model, { maxInstances });
}

describe("parseAnalyze", () => {
  test("takes what chip-n-scale sends", () => {
    expect(
      parse('{"instances":[{"image_bytes":{"b64":"aGVsbG8="}},{"image_bytes":{"b64":"aGVsbG8="}}]}'),
    ).toEqual({
      parameters: {},
      format: "row",
      inputs: {
        kind: "instances",
        instances: [
          { kind: "image", bytes: hello },
          { kind: "image", bytes: hello },
        ],
      },
    });
  });

  test.each(['"aGVsbG8="', '{"b64":"aGVsbG8="}'])("takes the one-image form: %s", (value) => {
    expect(parse(`{"image_bytes":${value},"signature_name":"label","key":7}`)).toEqual({
      signatureName: "label",
      parameters: {},
      format: "single",
      inputs: { kind: "instances", instances: [{ kind: "image", bytes: hello, key: 7 }] },
    });
  });

  test.each([
    '{"image_bytes":"aGVsbG8="}',
    '{"pixels":"aGVsbG8="}',
    '{"b64":"aGVsbG8="}',
    '{"pixels":{"b64":"aGVsbG8="}}',
  ])("takes an instance %s", (instance) => {
    expect(parse(`{"instances":[${instance}]}`).inputs).toEqual({
      kind: "instances",
      instances: [{ kind: "image", bytes: hello }],
    });
  });

  test("takes nested numbers for a model of tensors", () => {
    expect(parse('{"instances":[[1,2],[3,4]]}', numbers).inputs).toMatchObject({
      kind: "instances",
      instances: [{ kind: "row", row: { x: { shape: [2], data: Float32Array.of(1, 2) } } }, { kind: "row" }],
    });
  });

  test.each([
    [
      "both forms",
      '{"instances":[1],"image_bytes":"aGk="}',
      images,
      "expected either 'instances' or 'image_bytes', got both",
    ],
    ["neither form", '{"image":"a"}', images, "expected either 'instances' or 'image_bytes', got neither"],
    ["columns", '{"inputs":[1]}', images, "'inputs' is taken by /v1/models/<name>:predict, not here"],
    [
      "columns beside rows",
      '{"instances":[1],"inputs":[1]}',
      images,
      "'inputs' is taken by /v1/models/<name>:predict, not here",
    ],
    [
      "no instances",
      '{"instances":[]}',
      images,
      "JSON Value: {\"instances\":[]} No values in 'instances' array",
    ],
    [
      "B7 null",
      '{"instances":null}',
      images,
      "JSON Value: {\"instances\":null} Expecting 'instances' to be an list/array",
    ],
    [
      "B7 a string",
      '{"instances":"x"}',
      images,
      'JSON Value: {"instances":"x"} Expecting \'instances\' to be an list/array',
    ],
    [
      "an image for a model of tensors",
      '{"image_bytes":"aGk="}',
      numbers,
      "image_bytes: the model takes no images; send 'instances'",
    ],
  ])("refuses %s", (_, text, model, message) => {
    expect(errorOf(() => parse(text, model))).toEqual({ code: "INVALID_ARGUMENT", message });
  });

  test("B7 refuses 10,001 instances where 10,000 is the limit", () => {
    const text = `{"instances":[${new Array(10_001).fill("null").join(",")}]}`;
    expect(errorOf(() => parse(text, images, 10_000)).code).toBe("TOO_MANY_INSTANCES");
  });

  test("B8 names the index of every instance that is no image, and keeps the others", () => {
    const list = ["null", "5", '{"b64":5}', '{"image_bytes":{}}', '{"image_bytes":"aGVsbG8="}', '"aGVsbG8="'];
    const { inputs } = parse(`{"instances":[${list.join(",")}]}`);
    const kinds = inputs.kind === "instances" ? inputs.instances : [];
    expect(kinds.map(({ kind }) => kind)).toEqual(["bad", "bad", "bad", "bad", "image", "bad"]);
    expect(kinds.map((instance) => instance.kind === "bad" && instance.error.instance)).toEqual([
      0,
      1,
      2,
      3,
      false,
      5,
    ]);
  });

  test.each([
    [
      "B3 a wrong character",
      '{"image_bytes":{"b64":"aGVs!G8="},"key":"t"}',
      "INVALID_BASE64",
      "instances[0].image_bytes.b64: expected base64, got '!' at offset 4",
    ],
    [
      "B5 Python's repr",
      `{"image_bytes":"b'aGVsbG8='"}`,
      "INVALID_BASE64",
      "instances[0].image_bytes: expected base64, got ''' at offset 1; this looks like Python's repr of bytes: send base64.b64encode(data).decode()",
    ],
    [
      "B6 a list of integers",
      '{"image_bytes":[255,216]}',
      "INVALID_ARGUMENT",
      `instances[0].image_bytes: expected {"b64": "<base64>"}, got [255,216]; send the file's bytes as base64, not as a list`,
    ],
    [
      "B6 Buffer's JSON",
      '{"image_bytes":{"type":"Buffer","data":[1]}}',
      "INVALID_ARGUMENT",
      `instances[0].image_bytes: expected {"b64": "<base64>"}, got {"type":"Buffer","data":[1]}; send the file's bytes as base64, not as a list`,
    ],
  ])("says what is wrong with %s", (_, instance, code, message) => {
    const { inputs } = parse(`{"instances":[${instance}]}`);
    const [first] = inputs.kind === "instances" ? inputs.instances : [];
    expect(first?.kind === "bad" && seen(first.error)).toEqual({ code, message, instance: 0 });
  });

  test("marks a one-image form that cannot be read as bad", () => {
    const { inputs } = parse('{"image_bytes":"a"}');
    const [first] = inputs.kind === "instances" ? inputs.instances : [];
    expect(first?.kind === "bad" && seen(first.error)).toEqual({
      code: "INVALID_BASE64",
      message: "image_bytes: expected base64, got an impossible length of 1 characters at offset 0",
    });
  });
});
