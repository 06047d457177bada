import { parse } from "lossless-json";

/** A longer text is not read a second time for the offset of its fault. */
const MAX_RESCANNED_LENGTH = 65_536;

/**
 * Returns TensorFlow Serving's words for why `text` is not JSON, with the offset where it is cheap to have.
 *
 * @param error what `JSON.parse(text)` threw
 * @see tensorflow/serving `util/json_tensor.cc` ParseJson; rapidjson `error/en.h`
 */
export function jsonErrorMessage(text: string, error: unknown): string {
  if (text.trim() === "") return "JSON Parse error: The document is empty";
  const message = error instanceof Error ? error.message : "";
  if (message.includes("forbidden prototype")) return 'JSON Parse error: the key "__proto__" is refused.';
  const reason = message.includes("after JSON")
    ? "The document root must not be followed by other values."
    : "Invalid value.";
  const offset = positionIn(message) ?? rescan(text);
  return `JSON Parse error: ${reason}${offset === undefined ? "" : ` at offset: ${offset}`}`;
}

function positionIn(message: string): number | undefined {
  const position = / at position (\d+)/.exec(message)?.[1];
  return position === undefined ? undefined : Number(position);
}

/** Parses again with a parser that always says where: V8 leaves the position out of some messages. */
function rescan(text: string): number | undefined {
  if (text.length > MAX_RESCANNED_LENGTH) return undefined;
  try {
    parse(text, undefined, { onDuplicateKey: ({ newValue }) => newValue });
    return undefined;
  } catch (error) {
    // A RangeError, from nesting too deep for its recursion, has no position.
    return error instanceof SyntaxError ? positionIn(error.message) : undefined;
  }
}
