import { describe, expect, test } from "vitest";
import { checkReply } from "../../../src/protocol/open-inference-reply.ts";
import type { InferenceReply } from "../../../src/protocol/parse-open-inference.ts";
import { errorOf } from "./error-of.ts";

const SPECS = [
  { name: "y", dtype: "float32", shape: ["N"] },
  { name: "half", dtype: "float16", shape: ["N"] },
  { name: "text", dtype: "string", shape: ["N"] },
] as const;
const outputs = (...names: string[]) => names.map((name) => ({ name, isBinary: false }));

describe("checkReply", () => {
  test.each<[string, InferenceReply]>([
    ["all outputs as binary", { isBinary: true }],
    ["some outputs in another order", { isBinary: false, outputs: outputs("text", "y") }],
    ["FP16 as binary", { isBinary: false, outputs: [{ name: "half", isBinary: true }] }],
    [
      "the classes of FP16",
      { isBinary: false, outputs: [{ name: "half", isBinary: false, classification: 1 }] },
    ],
  ])("lets %s be", (_, reply) => {
    expect(() => checkReply(reply, SPECS)).not.toThrow();
  });

  test.each<[string, InferenceReply]>([
    [
      "outputs[1]: there is no output 'z'; this signature gives y, half, text",
      { isBinary: true, outputs: outputs("y", "z") },
    ],
    ["outputs[1]: output 'y' comes twice", { isBinary: true, outputs: outputs("y", "y") }],
    [
      "outputs[0]: output 'text' holds no numbers to classify by",
      { isBinary: true, outputs: [{ name: "text", isBinary: false, classification: 1 }] },
    ],
    [
      `output 'half' is FP16, which is not sent as JSON: ask for it with "parameters": {"binary_data": true}`,
      { isBinary: false },
    ],
  ])("says %s", (message, reply) => {
    expect(errorOf(() => checkReply(reply, SPECS))).toEqual({ code: "INVALID_ARGUMENT", message });
  });
});
