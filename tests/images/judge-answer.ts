import type { Reference } from "./collections.ts";
import { deviationOf } from "./deviations.ts";

/** What the server made of an image: pixels, or an error. */
export type Answer =
  | { readonly height: number; readonly width: number; readonly sha256: string }
  | { readonly code: string; readonly message: string };

/** What a caller gets who sent no image that can be decoded; see docs/errors.md. */
const REFUSALS: ReadonlySet<string> = new Set(["INVALID_IMAGE", "UNSUPPORTED_FORMAT", "IMAGE_TOO_LARGE"]);

/** Returns what is wrong with an answer, beside what Pillow makes of the same file; undefined when nothing is. */
export function judgeAnswer(reference: Reference, answer: Answer): string | undefined {
  if ("code" in answer) {
    const got = `got ${answer.code}: ${answer.message}`;
    if (!REFUSALS.has(answer.code)) return got;
    if (reference.refused !== undefined || deviationOf(reference)?.code === answer.code) return undefined;
    return `expected Pillow's ${reference.height} x ${reference.width} pixels, ${got}`;
  }
  const got = `got ${answer.height} x ${answer.width} pixels`;
  if (reference.refused !== undefined)
    return `expected a refusal, as by Pillow (${reference.refused}), ${got}`;
  const isSame =
    answer.height === reference.height && answer.width === reference.width && answer.sha256 === reference.RGB;
  return isSame
    ? undefined
    : `expected Pillow's ${reference.height} x ${reference.width} pixels, ${got}, others`;
}
