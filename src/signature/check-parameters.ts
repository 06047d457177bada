import { excerpt, ServingError } from "../errors.ts";
import type { Head, SignatureName } from "./head.ts";
import { PARAMETER_RULES, type SignatureParameters } from "./signature-parameters.ts";

/**
 * Checks that a signature makes use of each of a request's `parameters`, so that none is lost without a word. A
 * handler's `custom` takes any.
 *
 * @throws {ServingError} INVALID_ARGUMENT at the first one that is not known, or that the signature would ignore; the
 * message lists those that there are.
 */
export function checkParameters(
  parameters: Readonly<Record<string, unknown>>,
  signature: SignatureName,
  head: Head,
): void {
  if (signature === "custom") return;
  const taken = namesTaken(signature, head).map((name) => PARAMETER_RULES[name].key);
  const stray = Object.keys(parameters).find((key) => !taken.includes(key));
  if (stray === undefined) return;
  const known = Object.values(PARAMETER_RULES).map(({ key }) => key);
  const taker = `signature "${signature}" of this model takes ${taken.join(", ") || "none"}`;
  throw new ServingError(
    "INVALID_ARGUMENT",
    known.includes(stray)
      ? `parameters.${stray}: ${taker}`
      : `parameters.${excerpt(stray)}: expected one of ${known.join(", ")}; ${taker}`,
  );
}

function namesTaken(signature: SignatureName, head: Head): readonly (keyof SignatureParameters)[] {
  switch (signature) {
    case "top_k":
      return ["k"];
    case "class":
    case "label":
      return head.task === "classification" && head.isMultiLabel ? ["scoreThreshold"] : [];
    case "boxes":
    case "detection":
      // The others suppress overlaps in the graph, or have none.
      return head.task === "detection" && head.outputs.form === "ultralytics"
        ? ["scoreThreshold", "iouThreshold", "maxDetections"]
        : ["scoreThreshold", "maxDetections"];
    default:
      return [];
  }
}
