import { trailingBits } from "./trailing-bits.ts";

/** A string, or bytes that are read as one. */
export interface Characters {
  readonly length: number;
  slice(start: number, end: number): string;
}

/**
 * Characters decoded at a time, a multiple of 4. V8 gives a string of over 128 kB pages of its own, and their
 * faults cost five times what decoding does.
 */
const CHUNK = 32_768;

/**
 * Returns the bytes of base64 without white space, in either alphabet, padded or not, in an ArrayBuffer of their
 * own; undefined where it is anything else.
 *
 * Native decoders skip what they do not know and never complain, so the decoded length is held against
 * the length that the text must give: a skipped character always costs a byte.
 *
 * @see RFC 4648, sections 3.2 to 5
 */
export function decodePlainBase64(text: Characters): Uint8Array<ArrayBuffer> | undefined {
  const ending = text.slice(Math.max(0, text.length - 2), text.length);
  const padding = ending === "==" ? 2 : ending.endsWith("=") ? 1 : 0;
  const length = text.length - padding;
  if (length % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined;
  const bytes = Buffer.allocUnsafeSlow(byteCount(length));
  let [written, isStandard, isUrlSafe] = [0, false, false];
  for (let start = 0; start < length; start += CHUNK) {
    const end = Math.min(start + CHUNK, length);
    const chunk = text.slice(start, end);
    // The decoder cuts characters to 8 bits ("Ł" would be read as "A"): only ASCII may reach it.
    if (Buffer.byteLength(chunk) !== chunk.length) return undefined;
    isStandard ||= chunk.includes("+") || chunk.includes("/");
    isUrlSafe ||= chunk.includes("-") || chunk.includes("_");
    if (isStandard && isUrlSafe) return undefined;
    if (end === length && trailingBits(chunk.slice(-1), length) !== 0) return undefined;
    const count = bytes.write(chunk, written, "base64");
    if (count !== byteCount(chunk.length)) return undefined;
    written += count;
  }
  return new Uint8Array(bytes.buffer);
}

function byteCount(characters: number): number {
  return Math.floor((characters * 3) / 4);
}
