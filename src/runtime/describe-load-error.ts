import { firstLine } from "../errors.ts";

/** A file of ONNX Runtime's sources with its line, then the function's name or whole declaration. */
const PLACE = /[\w./]*\.(?:cc|h):\d+ (?:\w+ (?=[A-Z])|.*?\)(?: const)? (?=[A-Z[]))/g;
const STATUS = /\[ONNXRuntimeError\] : \d+ : \w+ : /g;

/** Returns the reason in ONNX Runtime's message of a model that it can't load, on one line, without places in its sources. */
export function describeLoadError(message: string): string {
  return firstLine(message).replace(PLACE, " ").replace(STATUS, "").replace(/ {2,}/g, " ").trim();
}
