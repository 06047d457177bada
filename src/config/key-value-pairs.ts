import { StartupError } from "../errors.ts";

/**
 * Returns the pairs of a text such as `name=value,other=value`, whose values are percent-encoded: OpenTelemetry's form of
 * headers and attributes. A name that comes twice has its last value.
 *
 * @param source of the text, for the error, which quotes nothing of it: it may hold secrets
 * @throws {StartupError} when it is none such.
 * @see W3C Baggage section 3.2.1
 */
export function keyValuePairs(source: string, text: string): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = Object.create(null);
  for (const [i, pair] of text.split(",").entries()) {
    if (pair.trim() === "") continue;
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const decoded = value === undefined ? undefined : percentDecoded(value);
    if (name === undefined || decoded === undefined) {
      const rule = "pairs such as name=value with commas between them and values percent-encoded";
      throw new StartupError(`${source} must be ${rule}; number ${i + 1} is none`);
    }
    pairs[name] = decoded;
  }
  return pairs;
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
