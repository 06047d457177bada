import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServingError } from "../../../../src/errors.ts";
import { readExampleMessage } from "../../../../src/grpc/messages/example-results.ts";
import { readInfer } from "../../../../src/grpc/messages/infer-request.ts";
import { readMetadataRequest } from "../../../../src/grpc/messages/model-metadata.ts";
import { predictInputs, readPredict } from "../../../../src/grpc/messages/predict.ts";
import { readExamples } from "../../../../src/grpc/messages/read-examples.ts";
import { openInferenceInputs } from "../../../../src/protocol/open-inference-inputs.ts";
import type { ModelInputs } from "../../../../src/protocol/predict-request.ts";
import { fromHex, grpcReferences } from "../../../support/grpc/references.ts";

const { predict, examples, inferRaw, inferContents } = grpcReferences();
const MODEL: ModelInputs = {
  inputs: [{ name: "x", dtype: "float32", shape: ["N", "any"] }],
  batching: "rows",
};
const LIMITS = { maxInstances: 4, maxBytes: 1024 };

describe.each<[string, string, (bytes: Buffer) => unknown]>([
  ["Predict", predict.request, (bytes) => predictInputs(readPredict(bytes).inputs, MODEL, LIMITS)],
  ["Classify", examples.withContext, (bytes) => readExamples(readExampleMessage(bytes).input)],
  ["ModelInfer", inferRaw.request, (bytes) => openInferenceInputs(readInfer(bytes).inputs, MODEL, LIMITS)],
  ["ModelInfer with contents", inferContents[4]?.request ?? "", (bytes) => readInfer(bytes)],
  ["GetModelMetadata", predict.request, (bytes) => readMetadataRequest(bytes)],
])("a damaged message of %s", (_, hex, read) => {
  test("is read as another one, or refused with a sentence", () => {
    const message = fromHex(hex);
    const damage = fc.array(fc.tuple(fc.nat(message.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    const property = fc.property(damage, fc.nat(message.length), (bytes, length) => {
      const damaged = Buffer.from(message.subarray(0, length));
      for (const [at, byte] of bytes) if (at < length) damaged[at] = byte;
      try {
        read(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(ServingError);
        expect(error).not.toMatchObject({ code: "INTERNAL" });
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
