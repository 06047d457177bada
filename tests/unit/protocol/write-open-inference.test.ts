import { describe, expect, test } from "vitest";
import { writeJsonText } from "../../../src/protocol/write-json.ts";
import { type InferenceAnswer, writeOpenInference } from "../../../src/protocol/write-open-inference.ts";

const Y = { dtype: "float32", shape: [2, 1], data: Float32Array.of(0.2, Number.NaN) } as const;
const BIG = { dtype: "int64", shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) } as const;
const PNG = { dtype: "bytes", shape: [1], data: [Uint8Array.of(0x89)] } as const;

const answer = (id: string | undefined, outputs: InferenceAnswer["outputs"]): InferenceAnswer => ({
  modelName: "m",
  modelVersion: "2",
  id,
  outputs,
});

describe("writeOpenInference", () => {
  test("writes numbers flat, the shape beside them", () => {
    const written = writeOpenInference(
      answer("7", [
        { name: "y", tensor: Y, isBinary: false },
        { name: "big", tensor: BIG, isBinary: false },
      ]),
    );
    if (!("json" in written)) throw new Error("not JSON");
    expect(writeJsonText(written.json)).toBe(
      '{"model_name":"m","model_version":"2","id":"7","outputs":[' +
        '{"name":"y","datatype":"FP32","shape":[2,1],"data":[0.2,null]},' +
        '{"name":"big","datatype":"INT64","shape":[1],"data":[9223372036854775807]}]}',
    );
  });

  test("writes bytes that are no text as base64, and says so", () => {
    const written = writeOpenInference(answer(undefined, [{ name: "png", tensor: PNG, isBinary: false }]));
    if (!("json" in written)) throw new Error("not JSON");
    expect(JSON.parse(writeJsonText(written.json))).toEqual({
      model_name: "m",
      model_version: "2",
      outputs: [
        {
          name: "png",
          datatype: "BYTES",
          shape: [1],
          parameters: { content_type: "base64" },
          data: ["iQ=="],
        },
      ],
    });
  });

  test("puts binary outputs behind the JSON, in order, past those in it", () => {
    const written = writeOpenInference(
      answer(undefined, [
        { name: "big", tensor: BIG, isBinary: true },
        { name: "y", tensor: Y, isBinary: false },
        { name: "png", tensor: PNG, isBinary: true },
      ]),
    );
    if (!("bytes" in written)) throw new Error("not binary");
    const { bytes, jsonBytes } = written;
    expect(JSON.parse(Buffer.from(bytes.subarray(0, jsonBytes)).toString()).outputs).toEqual([
      { name: "big", datatype: "INT64", shape: [1], parameters: { binary_data_size: 8 } },
      { name: "y", datatype: "FP32", shape: [2, 1], data: [0.2, null] },
      { name: "png", datatype: "BYTES", shape: [1], parameters: { binary_data_size: 5 } },
    ]);
    expect(Buffer.from(bytes.subarray(jsonBytes)).toString("hex")).toBe("ffffffffffffff7f0100000089");
  });
});
