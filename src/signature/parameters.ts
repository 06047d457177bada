import { excerpt, ServingError } from "../errors.ts";
import type { Head } from "./head.ts";
import { PARAMETER_RULES, type ParameterRule, type SignatureParameters } from "./signature-parameters.ts";

/**
 * Returns the options of a signature: a request's `parameters`, else what the model folder says, else the
 * defaults. Which of them a signature takes is checked elsewhere.
 *
 * @throws {ServingError} INVALID_ARGUMENT when one is out of its bounds, or is no number.
 */
export function readParameters(
  parameters: Readonly<Record<string, unknown>>,
  head: Head,
): SignatureParameters {
  const stated = "parameters" in head ? head.parameters : undefined;
  const read = (name: keyof SignatureParameters): number => {
    const rule = PARAMETER_RULES[name];
    if (Object.hasOwn(parameters, rule.key)) return checked(parameters[rule.key], rule);
    return stated?.[name] ?? rule.fallback;
  };
  return {
    k: read("k"),
    scoreThreshold: read("scoreThreshold"),
    iouThreshold: read("iouThreshold"),
    maxDetections: read("maxDetections"),
  };
}

function checked(value: unknown, { key, minimum, maximum, isWhole }: ParameterRule): number {
  const isNumber = typeof value === "number" && (isWhole ? Number.isInteger(value) : Number.isFinite(value));
  if (isNumber && value >= minimum && value <= (maximum ?? Number.POSITIVE_INFINITY)) return value;
  const kind = isWhole ? "a whole number" : "a number";
  const bounds = maximum === undefined ? `from ${minimum} up` : `from ${minimum} to ${maximum}`;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `parameters.${key}: expected ${kind} ${bounds}, got ${excerpt(JSON.stringify(value))}`,
  );
}
