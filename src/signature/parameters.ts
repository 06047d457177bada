import { excerpt, ServingError } from "../errors.ts";
import type { SignatureParameters } from "./render-signature.ts";

const DEFAULT_K = 5;

/**
 * Returns the options of a signature from a request's `parameters`; unknown ones are ignored.
 *
 * @throws {ServingError} INVALID_ARGUMENT when `k` is no whole number from 1 up.
 */
export function readParameters(parameters: Readonly<Record<string, unknown>>): SignatureParameters {
  const k = Object.hasOwn(parameters, "k") ? parameters.k : DEFAULT_K;
  if (typeof k === "number" && Number.isInteger(k) && k >= 1) return { k };
  throw new ServingError(
    "INVALID_ARGUMENT",
    `parameters.k: expected a whole number from 1 up, got ${excerpt(JSON.stringify(k))}`,
  );
}
