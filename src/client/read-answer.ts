import { excerpt } from "../errors.ts";
import { ImageError, type ImageOutcome } from "./image-source.ts";
import { elementSlices } from "./json-slices.ts";

/**
 * Returns what an answer with status 200 says of each image.
 *
 * Order: outcome i belongs to name i.
 *
 * @throws {ImageError} BAD_ANSWER when it is no list of as many predictions.
 */
export function readAnswer(body: string, names: readonly string[]): ImageOutcome[] {
  const answer = parse(body);
  const predictions = elementSlices(body, "predictions");
  if (predictions === undefined) {
    throw new ImageError("BAD_ANSWER", `expected {"predictions": [...]}, got ${excerpt(body)}`);
  }
  if (predictions.length !== names.length) {
    const counts = `${predictions.length} predictions for ${names.length} images`;
    throw new ImageError("BAD_ANSWER", `the server answered with ${counts}`);
  }
  const failures = readFailures(answer.errors);
  return names.map((name, i) => {
    const error = failures.get(i);
    return error === undefined ? { name, prediction: predictions[i] as string } : { name, error };
  });
}

function parse(body: string): { readonly errors?: unknown } {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer === "object" && answer !== null && !Array.isArray(answer)) return answer;
  } catch {
    // Said below.
  }
  throw new ImageError("BAD_ANSWER", `expected a JSON object, got ${excerpt(body)}`);
}

/** What an onnx-serving server lists beside its predictions. */
function readFailures(errors: unknown): Map<number, { readonly code: string; readonly message: string }> {
  const list = Array.isArray(errors) ? (errors as Record<string, unknown>[]) : [];
  return new Map(
    list.map(({ instance, code, message }) => [
      Number(instance),
      { code: String(code), message: ofOneImage(String(message)) },
    ]),
  );
}

/** Returns a server's sentence without the place in the request, which says nothing to whoever has named the image. */
export function ofOneImage(message: string): string {
  return message.replace(/^instances\[\d+\][^:\s]*: /, "");
}
