import type { Answer } from "../../../src/protocol/answer.ts";
import { writeJson } from "../../../src/protocol/write-json.ts";

/** Returns the text that an answer is written as. */
export async function written(answer: Answer): Promise<string> {
  const { chunks, byteLength } = await writeJson(answer);
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== byteLength) throw new Error(`${bytes.length} bytes, but said ${byteLength}`);
  return bytes.toString();
}
