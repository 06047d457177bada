import { examplesToInstances } from "../protocol/examples-to-instances.ts";
import { parseExamples } from "../protocol/parse-examples.ts";
import type { Instance, PredictRequest } from "../protocol/predict-request.ts";
import { chooseExampleSignature, type ExampleMethod } from "../signature/classifications.ts";
import type { RequestPlace } from "./dialect.ts";
import { identifyBody } from "./identify-body.ts";
import { readJsonBody } from "./read-json-body.ts";
import type { ReadRequest } from "./read-request.ts";

/**
 * Returns what a body of `:classify` or `:regress` asks for; a raw image is one example.
 *
 * Order: envelope → examples → model → signature → instances, as TensorFlow Serving checks them.
 *
 * @throws {ServingError} what is wrong with the body, the model's name or the signature.
 */
export async function readExamples(
  place: RequestPlace,
  body: Buffer<ArrayBuffer>,
  method: ExampleMethod,
): Promise<ReadRequest> {
  const found = await identifyBody(place.ctx, body);
  if (found.kind === "json") {
    return readJsonBody(place, body, (envelope, options) => {
      const examples = parseExamples(envelope, options);
      const signature = choose(place, method, envelope.signatureName);
      const { modelInputs } = place.model().servable;
      return { signature, request: toRequest(examplesToInstances(examples, modelInputs), envelope) };
    });
  }
  const signature = choose(place, method, undefined);
  return { signature, request: toRequest([{ kind: "image", bytes: found.bytes }], { parameters: {} }) };
}

function choose({ model }: RequestPlace, method: ExampleMethod, named: string | undefined) {
  const { head, info } = model().servable;
  return chooseExampleSignature(method, { head, outputs: info.outputs }, named);
}

function toRequest(
  instances: readonly Instance[],
  { parameters }: Pick<PredictRequest, "parameters">,
): PredictRequest {
  return { format: "row", parameters, inputs: { kind: "instances", instances } };
}
