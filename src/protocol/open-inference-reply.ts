import { excerpt, ServingError } from "../errors.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import type { InferenceReply } from "./parse-open-inference.ts";

/**
 * Checks that the outputs that a request wants are there and can be sent as it wants them, before the model runs.
 *
 * @param specs what the chosen signature answers with
 * @throws {ServingError} INVALID_ARGUMENT when a name is unknown or comes twice, an output without numbers is to be
 * classified, or one of FP16 is to be sent as JSON.
 */
export function checkReply({ outputs, isBinary }: InferenceReply, specs: readonly TensorSpec[]): void {
  const wanted = outputs ?? specs.map(({ name }) => ({ name, isBinary, classification: undefined }));
  for (const [i, { name, isBinary, classification }] of wanted.entries()) {
    const spec = specs.find((one) => one.name === name);
    if (spec === undefined) {
      const known = specs.map((one) => one.name).join(", ");
      throw invalid(`outputs[${i}]: there is no output '${excerpt(name)}'; this signature gives ${known}`);
    }
    if (wanted.findIndex((one) => one.name === name) < i) {
      throw invalid(`outputs[${i}]: output '${excerpt(name)}' comes twice`);
    }
    if (classification !== undefined) {
      if (spec.dtype === "string" || spec.dtype === "bool") {
        throw invalid(`outputs[${i}]: output '${name}' holds no numbers to classify by`);
      }
    } else if (spec.dtype === "float16" && !isBinary) {
      throw invalid(
        `output '${name}' is FP16, which is not sent as JSON: ask for it with "parameters": {"binary_data": true}`,
      );
    }
  }
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
