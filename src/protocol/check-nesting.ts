import { ServingError } from "../errors.ts";

const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{`, `]` and `}` are these two but for the bit of 0x20. */
const [OPEN, CLOSE, CASE_BIT] = [0x7b, 0x7d, 0x20];

/**
 * Checks how deep the lists and objects of a JSON text nest, before it is parsed: what nests a million deep takes the
 * parser a hundred times as long as its bytes do otherwise. A text that is no JSON may pass.
 *
 * @param json UTF-8
 * @throws {ServingError} INVALID_JSON past 64 levels.
 */
export function checkNesting(json: Uint8Array): void {
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] as number;
    if (byte === QUOTE) {
      i = endOfString(json, i);
    } else if ((byte | CASE_BIT) === OPEN) {
      depth++;
      if (depth > MAX_DEPTH) {
        throw new ServingError("INVALID_JSON", `JSON Parse error: nesting over ${MAX_DEPTH} levels`);
      }
    } else if ((byte | CASE_BIT) === CLOSE) {
      depth--;
    }
  }
}

/** Returns the offset of the quote that ends the string, or the length of the text. */
function endOfString(json: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < json.length && json[i] !== QUOTE) i += json[i] === BACKSLASH ? 2 : 1;
  return i;
}
