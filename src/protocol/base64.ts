import { excerpt, ServingError } from "../errors.ts";
import { decodePlainBase64 } from "./plain-base64.ts";
import { trailingBits } from "./trailing-bits.ts";

/**
 * Returns the bytes that base64 `text` stands for, in an ArrayBuffer of their own, so that it can be
 * transferred to a worker. Takes the standard and the URL-safe alphabet, with or without padding;
 * white space and a `data:...;base64,` prefix are skipped.
 *
 * @param where path of the text in the request, for the message
 * @throws {ServingError} INVALID_BASE64 on any other character, mixed alphabets, a padding that does not
 * fit, an impossible length or trailing bits that are not zero
 * @see RFC 4648, sections 3.3, 3.5, 4 and 5
 */
export function decodeBase64(text: string, where: string): Uint8Array<ArrayBuffer> {
  const start = DATA_URL.exec(text)?.[0].length ?? 0;
  const body = start === 0 ? text : text.slice(start);
  const bytes = decodePlainBase64(body) ?? decodeSpaced(body);
  if (bytes instanceof Uint8Array) return bytes;
  const { got, offset } = bytes;
  throw new ServingError(
    "INVALID_BASE64",
    `${where}: expected base64, got ${got} at offset ${start + offset}${hint(text)}`,
  );
}

const DATA_URL = /^[\t\n\v\f\r ]*data:[^,]{0,256};base64,/i;

/** What follows six bits in {@link SIX_BITS}. */
const SPACE = 64;
const PADDING = 65;
const OTHER = 66;

/** The value of every character below 128: six bits in either alphabet, or what else it is. */
const SIX_BITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const character = String.fromCharCode(code);
  const plain = letters.indexOf(character);
  if (plain >= 0) return plain;
  if (character === "+" || character === "-") return 62;
  if (character === "/" || character === "_") return 63;
  return "\t\n\v\f\r ".includes(character) ? SPACE : character === "=" ? PADDING : OTHER;
});

interface Problem {
  readonly got: string;
  readonly offset: number;
}

/** Decodes what may hold white space, or says what is wrong: one look at every character. */
function decodeSpaced(text: string): Uint8Array<ArrayBuffer> | Problem {
  let length = 0;
  let padding = 0;
  let last = -1;
  let alphabet: "standard" | "URL-safe" | undefined;
  for (let offset = 0; offset < text.length; offset++) {
    const code = text.charCodeAt(offset);
    const value = code < 128 ? (SIX_BITS[code] as number) : OTHER;
    if (value === SPACE) continue;
    if (value === OTHER) return { got: `'${characterAt(text, offset)}'`, offset };
    if (value === PADDING) {
      padding++;
      const fits = padding <= 2 && length % 4 >= 2 && (length + padding) % 4 !== 1;
      if (!fits) return { got: "a wrong '='", offset };
      continue;
    }
    if (padding > 0) return { got: "'=' inside the text, before it,", offset };
    if (value >= 62) {
      const own = code === 0x2d || code === 0x5f ? "URL-safe" : "standard";
      alphabet ??= own;
      if (own !== alphabet) return { got: `'${characterAt(text, offset)}' of a second alphabet`, offset };
    }
    length++;
    last = offset;
  }
  if (length % 4 === 1) return { got: `an impossible length of ${length} characters`, offset: last };
  if (length > 0 && trailingBits(text.charAt(last), length) !== 0) {
    return { got: "trailing bits that are not zero", offset: last };
  }
  if (padding > 0 && (length + padding) % 4 !== 0) return { got: "half of a padding", offset: last + 1 };
  const bytes = Buffer.allocUnsafeSlow(Math.floor((length * 3) / 4));
  if (bytes.write(text, "base64") === bytes.length) return new Uint8Array(bytes.buffer);
  throw new ServingError("INTERNAL", "base64 was checked and not decoded; this is a bug");
}

function characterAt(text: string, offset: number): string {
  return excerpt(String.fromCodePoint(text.codePointAt(offset) ?? 0));
}

/** Returns what the caller most likely did, where the text leaves no doubt. */
function hint(text: string): string {
  // Its beginning is enough; a long text would also exhaust the stack of the expression.
  const beginning = text.slice(0, 128);
  if (/^\s*b['"]/.test(beginning)) {
    return "; this looks like Python's repr of bytes: send base64.b64encode(data).decode()";
  }
  return /^(?=\D{0,16}\d)(0x)?[0-9a-f]{16,}$/i.test(beginning)
    ? "; this looks like hexadecimal: send base64"
    : "";
}
