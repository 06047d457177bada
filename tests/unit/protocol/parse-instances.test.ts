import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { parseAnalyze } from "../../../src/protocol/parse-analyze.ts";
import { parseInstances } from "../../../src/protocol/parse-instances.ts";
import { parseEnvelope } from "../../../src/protocol/parse-json.ts";
import { parseTfs } from "../../../src/protocol/parse-tfs.ts";
import type { ModelInputs } from "../../../src/protocol/predict-request.ts";
import { DTYPES } from "../../../src/tensor/dtype.ts";
import { elementCount } from "../../../src/tensor/tensor.ts";
import { errorOf } from "./error-of.ts";

const element = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom(null, true, 0, 1, -1.5, 1e300, 2 ** 53, "", "aGVsbG8=", "b'x'", "\ud800", "é"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("x", "y", "b64", "image_bytes", "key", "__proto__", "constructor", "type"),
      tie("value"),
      { maxKeys: 3 },
    ),
  ),
})).value;

const body = fc.record(
  {
    instances: fc.oneof(fc.array(element, { maxLength: 4 }), element),
    inputs: element,
    image_bytes: element,
  },
  { requiredKeys: [] },
);

const model: fc.Arbitrary<ModelInputs> = fc
  .record({
    dtype: fc.constantFrom(...DTYPES),
    shape: fc.constantFrom(["N"], ["N", 2], ["N", "a", "b"], [1, 1], []),
    names: fc.constantFrom(["x"], ["x", "y"], ["key"], ["__proto__"]),
    image: fc.boolean(),
    batching: fc.constantFrom("rows" as const, "whole" as const),
  })
  .map(({ dtype, shape, names, image, batching }) => ({
    inputs: names.map((name) => ({ name, dtype, shape })),
    ...(image && { imageInput: "x" }),
    batching,
  }));

describe("parseInstances", () => {
  test("answers any JSON with a request or a ServingError, in either dialect", () => {
    fc.assert(
      fc.property(body, model, fc.constantFrom(parseAnalyze, parseTfs), (value, inputs, parse) => {
        const text = JSON.stringify(value);
        try {
          const request = parse(parseEnvelope(JSON.parse(text), text), inputs, { maxInstances: 3 });
          checkRequest(request.inputs, value.instances);
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
          expect((error as ServingError).code).not.toBe("INTERNAL");
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test("keeps one element for each of the list, and says which are bad", () => {
    const text = '{"instances":[1,"a",[2],3]}';
    const inputs: ModelInputs = { inputs: [{ name: "x", dtype: "float32", shape: ["N"] }], batching: "rows" };
    const instances = parseInstances(parseEnvelope(JSON.parse(text), text), inputs, {
      maxInstances: 4,
      dialect: "analyze",
    });
    expect(instances.map(({ kind }) => kind)).toEqual(["row", "bad", "bad", "row"]);
  });

  test("refuses a text that is not what the envelope was parsed from", () => {
    const inputs: ModelInputs = { inputs: [{ name: "x", dtype: "int64", shape: ["N"] }], batching: "rows" };
    const envelope = parseEnvelope({ instances: [1] }, "nope");
    expect(errorOf(() => parseTfs(envelope, inputs, { maxInstances: 1 })).code).toBe("INTERNAL");
  });
});

function checkRequest(inputs: ReturnType<typeof parseTfs>["inputs"], list: unknown): void {
  if (inputs.kind === "tensors") {
    for (const { shape, data } of Object.values(inputs.tensors)) {
      expect(data.length).toBe(elementCount(shape));
    }
    return;
  }
  if (Array.isArray(list)) expect(inputs.instances.length).toBe(list.length);
  inputs.instances.forEach((instance, index) => {
    if (instance.kind === "bad" && Array.isArray(list)) expect(instance.error.instance).toBe(index);
    if (instance.kind !== "row") return;
    for (const { shape, data } of Object.values(instance.row)) expect(data.length).toBe(elementCount(shape));
  });
}
