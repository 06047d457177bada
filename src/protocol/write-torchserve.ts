import type { Value } from "../tensor/value.ts";
import { type Answer, JsonEntries } from "./answer.ts";

/** The signatures whose answer TorchServe's handlers write in another form. */
export type HandlerSignature = "top_k" | "boxes";

/**
 * Returns a prediction as TorchServe's image_classifier or object_detector gives it: `{"<label>": score, ...}`, or
 * `[{"<label>": [x1, y1, x2, y2], "score": score}, ...]`. Of equal labels the best counts.
 *
 * Order: best first.
 *
 * @see pytorch/serve `ts/utils/util.py` map_class_to_label, `ts/torch_handler/object_detector.py`
 */
export function toHandlerForm(signature: HandlerSignature, prediction: Value): Answer {
  const found = prediction as unknown as readonly Found[];
  if (signature === "boxes") return found.map(toBox);
  const scores = new Map<string, Value>();
  for (const { label, score } of found) if (!scores.has(label)) scores.set(label, score);
  return new JsonEntries([...scores]);
}

/** What both signatures list. */
interface Found {
  readonly label: string;
  readonly score: Value;
  readonly box?: Value;
}

function toBox({ label, box = null, score }: Found): Answer {
  return new JsonEntries([
    [label, box],
    ["score", score],
  ]);
}
