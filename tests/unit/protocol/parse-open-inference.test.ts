import { describe, expect, test } from "vitest";
import { parseEnvelope } from "../../../src/protocol/parse-json.ts";
import { parseOpenInference } from "../../../src/protocol/parse-open-inference.ts";
import { errorOf } from "./error-of.ts";

function parse(body: object, tail: Uint8Array = new Uint8Array()) {
  const text = JSON.stringify(body);
  return parseOpenInference(parseEnvelope(JSON.parse(text), text), tail);
}

const X = { name: "x", shape: [2], datatype: "FP32", data: [1, 2] };
const binary = (name: string, bytes: number) => ({
  name,
  shape: [1],
  datatype: "UINT8",
  parameters: { binary_data_size: bytes },
});

describe("parseOpenInference", () => {
  test("reads the smallest request", () => {
    const { inputs, reply, parameters, signatureName } = parse({ inputs: [X] });
    expect(inputs).toMatchObject([
      {
        name: "x",
        shape: [2],
        datatype: "FP32",
        parameters: {},
        where: "inputs[0]",
        content: { kind: "json", data: [1, 2] },
      },
    ]);
    expect({ reply, parameters, signatureName }).toEqual({
      reply: { isBinary: false },
      parameters: {},
      signatureName: undefined,
    });
  });

  test("takes null for absent, and ignores what it does not know", () => {
    const body = {
      id: null,
      parameters: undefined,
      outputs: null,
      model_name: "m",
      inputs: [{ ...X, parameters: null }],
    };
    expect(parse(body).reply).toEqual({ isBinary: false });
  });

  test("tells the signature and its parameters from the protocol's own", () => {
    const { signatureName, parameters, reply } = parse({
      inputs: [X],
      parameters: {
        signature_name: "top_k",
        k: 3,
        binary_data_output: true,
        priority: 1,
        timeout: 5,
        sequence_id: 7,
        sequence_start: true,
        sequence_end: true,
        triton_enable_empty_final_response: true,
        content_type: "np",
        headers: {},
      },
    });
    expect({ signatureName, parameters, reply }).toEqual({
      signatureName: "top_k",
      parameters: { k: 3 },
      reply: { isBinary: true },
    });
  });

  test("lets an output say how it is sent, whatever the request says", () => {
    const outputs = [
      { name: "a" },
      { name: "b", parameters: { binary_data: false } },
      { name: "c", parameters: { classification: 3, binary_data: true } },
      { name: "d", parameters: { classification: 0 } },
    ];
    expect(parse({ id: "7", inputs: [X], outputs, parameters: { binary_data_output: true } }).reply).toEqual({
      id: "7",
      isBinary: true,
      outputs: [
        { name: "a", isBinary: true },
        { name: "b", isBinary: false },
        { name: "c", isBinary: true, classification: 3 },
        { name: "d", isBinary: true },
      ],
    });
    expect(parse({ inputs: [X], outputs: [] }).reply).toEqual({ isBinary: false });
  });

  test("gives each binary input its bytes, in order, past those in JSON", () => {
    const tail = Uint8Array.of(1, 2, 3);
    const { inputs } = parse({ inputs: [binary("a", 1), X, binary("b", 2), binary("c", 0)] }, tail);
    expect(inputs.map(({ content }) => content)).toMatchObject([
      { kind: "binary", bytes: Uint8Array.of(1) },
      { kind: "json" },
      { kind: "binary", bytes: Uint8Array.of(2, 3) },
      { kind: "binary", bytes: new Uint8Array() },
    ]);
  });

  test("reads the numbers of an input again as they stand in the text", () => {
    const text = '{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}';
    const [x] = parseOpenInference(parseEnvelope(JSON.parse(text), text), new Uint8Array()).inputs;
    if (x?.content.kind !== "json") throw new Error("not JSON");
    expect(String((x.content.exact() as unknown[])[0])).toBe("9007199254740993");
  });

  test.each<[string, object]>([
    ["expected 'inputs', a list of tensors, got none", {}],
    ["inputs: expected a list, got {}", { inputs: {} }],
    ["inputs[0]: expected an object, got 5", { inputs: [5] }],
    ["id: expected a string, got 5", { id: 5, inputs: [X] }],
    [`inputs[0]: expected 'name', 'shape' and 'datatype', got {"name":"x"}`, { inputs: [{ name: "x" }] }],
    ["inputs[0].shape: expected a list of up to 16 sizes, got [-1]", { inputs: [{ ...X, shape: [-1] }] }],
    ["inputs[0].shape: expected a list of up to 16 sizes, got [1.5]", { inputs: [{ ...X, shape: [1.5] }] }],
    ["inputs[0].datatype: expected a string, got 1", { inputs: [{ ...X, datatype: 1 }] }],
    ["inputs[0].parameters: expected an object, got []", { inputs: [{ ...X, parameters: [] }] }],
    ["inputs[0]: expected 'data', got none", { inputs: [{ ...X, data: null }] }],
    [
      "inputs[0]: expected either 'data' or 'binary_data_size', got both",
      { inputs: [{ ...binary("x", 0), data: [] }] },
    ],
    [
      "inputs[0].parameters.binary_data_size: expected a number of bytes, got -1",
      { inputs: [binary("x", -1)] },
    ],
    ["inputs[1]: expected 2 bytes behind the JSON, got 1", { inputs: [binary("x", 1), binary("y", 2)] }],
    ["inputs[1]: expected 2 bytes behind the JSON, got 0", { inputs: [binary("x", 2), binary("y", 2)] }],
    ["expected 1 bytes of binary tensors behind the JSON, got 2", { inputs: [binary("x", 1)] }],
    [
      "inputs[0]: shared memory is not supported; send the data",
      { inputs: [{ ...X, parameters: { shared_memory_region: "r" } }] },
    ],
    [
      "outputs[0]: shared memory is not supported",
      { inputs: [X], outputs: [{ name: "y", parameters: { shared_memory_region: "r" } }] },
    ],
    ['outputs[0]: expected an object, got "y"', { inputs: [X], outputs: ["y"] }],
    ["outputs[0]: expected 'name', got none", { inputs: [X], outputs: [{}] }],
    [
      "outputs[0].parameters.classification: expected a whole number, got -1",
      { inputs: [X], outputs: [{ name: "y", parameters: { classification: -1 } }] },
    ],
    [
      "outputs[0].parameters.binary_data: expected true or false, got 1",
      { inputs: [X], outputs: [{ name: "y", parameters: { binary_data: 1 } }] },
    ],
    [
      "parameters.binary_data_output: expected true or false, got 1",
      { inputs: [X], parameters: { binary_data_output: 1 } },
    ],
    [
      "parameters.signature_name: expected a string, got 1",
      { inputs: [X], parameters: { signature_name: 1 } },
    ],
  ])("says %s", (message, body) => {
    expect(errorOf(() => parse(body, new Uint8Array(2)))).toEqual({ code: "INVALID_ARGUMENT", message });
  });
});
