import { ServingError } from "../errors.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import type { SignatureName } from "../signature/head.ts";

/**
 * Checks that there will be rows that a signature can be made of: what is fed as it comes has none.
 *
 * @throws {ServingError} INVALID_ARGUMENT when there will not.
 */
export function requireRows(
  { inputs }: Pick<PredictRequest, "inputs">,
  signature: SignatureName,
  batching: "rows" | "whole",
): void {
  if (inputs.kind === "instances" || batching === "rows" || signature === "serving_default") return;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `signature "${signature}" needs an image: this model has no batch axis, and its tensors no rows`,
  );
}
