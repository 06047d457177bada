import { predictUrl } from "../client/http-transport.ts";
import { excerpt, UsageError } from "../errors.ts";

/**
 * Returns where a server takes images.
 *
 * @param source what it was given by
 * @throws {UsageError} when the text is no URL of HTTP.
 */
export function readUrl(source: string, text: string, model: string | undefined): URL {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return predictUrl(text, model);
  throw new UsageError(`${source} must be a URL such as http://localhost:8501, got "${excerpt(text)}"`);
}
