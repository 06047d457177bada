import { describe, expect, test } from "vitest";
import {
  readExampleMessage,
  writeClassifications,
  writeRegressions,
} from "../../../../src/grpc/messages/example-results.ts";
import { writeModelSpec } from "../../../../src/grpc/messages/model-spec.ts";
import { readExamples } from "../../../../src/grpc/messages/read-examples.ts";
import { fromHex, grpcReferences } from "../../../support/grpc/references.ts";
import { errorOf } from "../../protocol/error-of.ts";

const { examples, results } = grpcReferences();

const EXAMPLE = new Map<string, unknown>([
  ["image/encoded", { kind: "bytes", values: [Buffer.from("\x89PNG", "latin1")] }],
  ["n", { kind: "int64", values: BigInt64Array.of(-1n, 2n ** 62n) }],
  ["x", { kind: "float", values: Float32Array.of(1.5, -2) }],
]);

describe("readExamples", () => {
  test("reads a list, a feature without values left out", () => {
    const { input } = readExampleMessage(fromHex(examples.list));
    expect(readExamples(input)).toEqual({ examples: [EXAMPLE, EXAMPLE] });
  });

  test("reads a context", () => {
    const { input } = readExampleMessage(fromHex(examples.withContext));
    const context = new Map([["c", { kind: "float", values: Float32Array.of(7) }]]);
    expect(readExamples(input)).toEqual({ examples: [EXAMPLE], context });
  });

  test("refuses a request without examples", () => {
    expect(errorOf(() => readExamples(undefined)).code).toBe("INVALID_ARGUMENT");
  });
});

const SPEC = { name: "m", version: 1 };

describe("writeClassifications", () => {
  test("writes what tensorflow-serving-api would", () => {
    const result = { labels: ["cat", "", "none"], scores: Float32Array.of(0.75, 0.25, 0) };
    const written = writeClassifications(writeModelSpec(SPEC), [result]);
    expect(written.toString("hex")).toBe(results.classification);
  });
});

describe("writeRegressions", () => {
  test("writes what tensorflow-serving-api would", () => {
    expect(writeRegressions(writeModelSpec(SPEC), [-1.5, 0]).toString("hex")).toBe(results.regression);
  });
});
