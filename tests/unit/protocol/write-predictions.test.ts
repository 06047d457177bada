import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { writeError, writePredictions } from "../../../src/protocol/write-predictions.ts";
import { written } from "./written.ts";

const broken = new ServingError("INVALID_IMAGE", "empty", { instance: 1 });

describe("writePredictions", () => {
  test("writes a row answer in the order of the instances", async () => {
    const body = writePredictions("row", [{ value: 3 }, { value: "cat", key: "k" }, { value: [1, 2] }]);
    expect(await written(body)).toBe('{"predictions":[3,"cat",[1,2]]}');
  });

  test("writes a failed instance in its place, and its key in the list of errors", async () => {
    const body = writePredictions("row", [{ value: 3 }, { error: broken, key: { z: 1 } }, { error: broken }]);
    const failed = { error: { code: "INVALID_IMAGE", message: "empty" } };
    expect(JSON.parse(await written(body))).toEqual({
      predictions: [3, failed, failed],
      errors: [
        { instance: 1, code: "INVALID_IMAGE", message: "empty", key: { z: 1 } },
        { instance: 2, code: "INVALID_IMAGE", message: "empty" },
      ],
    });
  });

  test("echoes the key in object-shaped predictions only", async () => {
    const scores = { dtype: "float32", shape: [1], data: Float32Array.of(1) } as const;
    const body = writePredictions("row", [
      { value: { a: 1 }, key: null },
      { value: scores, key: "k" },
      { value: [1], key: "k" },
      { value: { key: "own" }, key: "k" },
      { value: { a: 1 } },
    ]);
    expect(await written(body)).toBe('{"predictions":[{"a":1,"key":null},[1.0],[1],{"key":"own"},{"a":1}]}');
  });

  test("does not mistake a key for a tensor", async () => {
    const key = { dtype: "string", shape: [1e9], data: ["x"] };
    expect(JSON.parse(await written(writePredictions("row", [{ value: { a: 1 }, key }])))).toEqual({
      predictions: [{ a: 1, key }],
    });
  });

  test("writes a single answer", async () => {
    expect(await written(writePredictions("single", [{ value: "cat", key: "k" }]))).toBe(
      '{"prediction":"cat"}',
    );
  });

  test.each([
    ["values as a list", [{ value: 1 }, { value: 2 }], '{"outputs":[1,2]}'],
    [
      "objects by name",
      [{ value: { a: 1, b: "x" } }, { value: { a: 2, b: "y" } }],
      '{"outputs":{"a":[1,2],"b":["x","y"]}}',
    ],
    ["b64 values as a list", [{ value: { b64: "QQ==" } }], '{"outputs":[{"b64":"QQ=="}]}'],
    [
      "objects of different names as a list",
      [{ value: { a: 1 } }, { value: { b: 1 } }],
      '{"outputs":[{"a":1},{"b":1}]}',
    ],
  ])("writes columnar %s", async (_, predictions, expected) => {
    expect(await written(writePredictions("columnar", predictions))).toBe(expected);
  });

  test("writes a columnar answer with a failed instance as a list", async () => {
    const body = writePredictions("columnar", [{ value: { a: 1 } }, { error: broken }]);
    expect(JSON.parse(await written(body))).toMatchObject({
      outputs: [{ a: 1 }, { error: { code: "INVALID_IMAGE" } }],
      errors: [{ instance: 1 }],
    });
  });
});

describe("writeError", () => {
  test("names the instance where there is one", () => {
    expect(writeError(broken)).toEqual({ error: "empty", code: "INVALID_IMAGE", instance: 1 });
    expect(writeError(new ServingError("NOT_FOUND", "no such model"))).toEqual({
      error: "no such model",
      code: "NOT_FOUND",
    });
  });
});
