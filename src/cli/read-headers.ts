import { excerpt, UsageError } from "../errors.ts";

/**
 * Returns headers by name.
 *
 * @param lines each `Name: value`
 * @param source what they were given by
 * @throws {UsageError} when one of them is no header; its value is not repeated, which may be a secret.
 */
export function readHeaders(lines: readonly string[], source = "--header"): Record<string, string> {
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trim();
    try {
      headers.set(name, line.slice(colon + 1).trim());
    } catch {
      throw new UsageError(`${source} must be "Name: value", got the name "${excerpt(name)}"`);
    }
  }
  return Object.fromEntries(headers);
}
