const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Returns how long to wait before another try. Without a word from the server the wait doubles from half a second to 30 s;
 * what it said is the least. Up to half of it is left to chance, so that many clients don't come back at once.
 *
 * @param attempt how many tries there have been. Minimum: 1.
 * @param retryAfterMs what the server asked for
 * @param random a number in [0, 1)
 */
export function retryDelayMs(attempt: number, retryAfterMs: number | undefined, random: number): number {
  if (retryAfterMs !== undefined) return retryAfterMs + (Math.min(retryAfterMs, LONGEST_MS) / 2) * random;
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return longest / 2 + (longest / 2) * random;
}

/**
 * Returns the milliseconds that a `Retry-After` asks for, from now; undefined where it is absent or nonsense.
 *
 * @param wallMs the time since 1970, for those that name a date
 * @see RFC 9110 section 10.2.3
 */
export function retryAfterMs(header: string | undefined, wallMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Date.parse reads much that is no HTTP date, "-1" among it.
  if (!/^[A-Z][a-z]+,? .*\d/.test(text)) return undefined;
  // biome-ignore lint/style/noRestrictedGlobals: the header names a time of day.
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - wallMs);
}
