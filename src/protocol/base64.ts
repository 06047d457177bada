import { excerpt, ServingError } from "../errors.ts";

/**
 * Returns the bytes that base64 `text` stands for, in an ArrayBuffer of their own, so that it can be
 * transferred to a worker. Takes the standard and the URL-safe alphabet, with or without padding;
 * white space and a `data:...;base64,` prefix are skipped.
 *
 * Native decoders skip what they do not know and never complain, so the decoded length is held against
 * the length that the text must give: a skipped character always costs a byte.
 *
 * @param where path of the text in the request, for the message
 * @throws {ServingError} INVALID_BASE64 on any other character, mixed alphabets, a padding that does not
 * fit, an impossible length or trailing bits that are not zero
 * @see RFC 4648, sections 3.3, 3.5, 4 and 5
 */
export function decodeBase64(text: string, where: string): Uint8Array<ArrayBuffer> {
  const start = DATA_URL.exec(text)?.[0].length ?? 0;
  const body = start === 0 ? text : text.slice(start);
  const bytes = decodeStrictly(body) ?? decodeStrictly(body.replace(WHITE_SPACE, ""));
  if (bytes !== undefined) return bytes;
  throw new ServingError("INVALID_BASE64", `${where}: expected base64, got ${describeProblem(text, start)}`);
}

const DATA_URL = /^[\t\n\v\f\r ]*data:[^,]{0,256};base64,/i;
const WHITE_SPACE = /[\t\n\v\f\r ]+/g;

/** Returns the bytes of `text` that holds nothing but base64, else undefined. */
function decodeStrictly(text: string): Uint8Array<ArrayBuffer> | undefined {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const length = text.length - padding;
  if (length % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined;
  // The decoder cuts characters to 8 bits ("Ł" would be read as "A"): only ASCII may reach it.
  if (Buffer.byteLength(text) !== text.length || mixesAlphabets(text)) return undefined;
  if (length > 0 && hasTrailingBits(text.charCodeAt(length - 1), length)) return undefined;
  const bytes = Buffer.allocUnsafeSlow(Math.floor((length * 3) / 4));
  if (bytes.write(text, "base64") !== bytes.length) return undefined;
  return new Uint8Array(bytes.buffer);
}

function mixesAlphabets(text: string): boolean {
  if (!text.includes("-") && !text.includes("_")) return false;
  return text.includes("+") || text.includes("/");
}

/** Tells whether the last of `length` characters holds bits that belong to no byte and are not zero. */
function hasTrailingBits(lastCode: number, length: number): boolean {
  const unused = length % 4 === 2 ? 0b1111 : length % 4 === 3 ? 0b11 : 0;
  return unused !== 0 && (sixBitsOf(lastCode) & unused) !== 0;
}

/** Returns the six bits of a character of either alphabet, or -1. */
function sixBitsOf(code: number): number {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41;
  if (code >= 0x61 && code <= 0x7a) return code - 0x61 + 26;
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52;
  if (code === 0x2b || code === 0x2d) return 62;
  return code === 0x2f || code === 0x5f ? 63 : -1;
}

/** Says what is wrong with `text` past `start`, and where: the slow way, for text that was refused. */
function describeProblem(text: string, start: number): string {
  let [length, padding, lastOffset, lastCode, alphabet] = [0, 0, start, 0, ""];
  for (let offset = start; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) continue;
    const character = text.charAt(offset);
    if (character === "=") {
      padding++;
      if (padding > 2 || (length + padding) % 4 === 1) return `a wrong '=' at offset ${offset}${hint(text)}`;
      continue;
    }
    if (padding > 0) return `'=' inside the text, before offset ${offset}${hint(text)}`;
    if (sixBitsOf(code) < 0) return `${quoteCharacter(text, offset)} at offset ${offset}${hint(text)}`;
    const own = "+/".includes(character) ? "standard" : "-_".includes(character) ? "URL-safe" : "";
    if (own !== "" && alphabet !== "" && own !== alphabet) {
      return `'${character}' of the ${own} alphabet at offset ${offset} after the ${alphabet} one`;
    }
    alphabet = own || alphabet;
    [length, lastOffset, lastCode] = [length + 1, offset, code];
  }
  if (length % 4 === 1)
    return `an impossible length, ${length} characters, at offset ${lastOffset}${hint(text)}`;
  if (hasTrailingBits(lastCode, length)) {
    return `trailing bits that are not zero at offset ${lastOffset}${hint(text)}`;
  }
  return `a padding that does not fit ${length} characters at offset ${lastOffset + 1}${hint(text)}`;
}

function quoteCharacter(text: string, offset: number): string {
  return `'${excerpt(String.fromCodePoint(text.codePointAt(offset) ?? 0))}'`;
}

/** Returns what the caller most likely did, where the text leaves no doubt. */
function hint(text: string): string {
  if (/^\s*b['"]/.test(text)) {
    return "; this looks like Python's repr of bytes: send base64.b64encode(data).decode()";
  }
  return /^(0x)?[0-9a-f\s]{16,}$/i.test(text) ? "; this looks like hexadecimal: send base64" : "";
}
