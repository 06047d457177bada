import { StringDecoder } from "node:string_decoder";
import { StartupError } from "../errors.ts";

/**
 * Yields the lines of UTF-8 text that comes in chunks, without their ends (LF or CRLF) and without a byte order mark.
 * Holds one chunk and one line at a time.
 *
 * @param maxLength of a line, in characters. @default none
 * @throws {StartupError} at a longer line.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer | string>,
  maxLength: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let isFirst = true;
  for await (const chunk of chunks) {
    rest += typeof chunk === "string" ? chunk : decoder.write(chunk);
    if (isFirst && rest !== "") {
      rest = rest.replace(/^\uFEFF/, "");
      isFirst = false;
    }
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLength) throw new StartupError(`a line has more than ${maxLength} characters`);
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  rest += decoder.end();
  if (rest !== "") yield rest.replace(/\r$/, "");
}
