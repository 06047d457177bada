import type { Settings } from "../config/settings.ts";
import type { Servable } from "../servable.ts";
import { chooseSignature } from "../signature/choose-signature.ts";
import { offeredSignatures, type SignatureName } from "../signature/head.ts";
import type { TensorSpec } from "../tensor/tensor.ts";

/** Of an answer through a shared public endpoint. @see Vertex AI, "Custom container requirements for prediction" */
const MAX_ANSWER_BYTES = 1_572_864;

/** What one number takes in JSON, with its comma: a float32 in its shortest form, an integer such as a class. */
const [FLOAT_BYTES, INTEGER_BYTES] = [12, 2];

/**
 * Returns a sentence where Vertex AI asks the server and the answer to one image, in the form that it gets when it asks
 * for none, would be longer than it passes on. The sentence names what to do.
 */
export function vertexWarnings(servable: Servable, settings: Settings): string[] {
  if (settings.aipPredictRoute === undefined) return [];
  const signature = chooseSignature(servable.head, {
    named: undefined,
    serverDefault: settings.defaultSignature,
    dialectDefault: "class",
  });
  const bytes = answerBytes(signature, servable);
  if (bytes <= MAX_ANSWER_BYTES) return [];
  const about = (bytes / 1e6).toFixed(1);
  return [
    `an answer of ${signature} to one image has about ${about} MB, and Vertex AI passes on 1.5 MB at most: ${remedy(servable)}`,
  ];
}

/** Returns about how long the JSON is of one answer; 0 where it is short, or its size depends on the image. */
function answerBytes(signature: SignatureName, { head, info, rowBytes, preprocess }: Servable): number {
  if (signature === "serving_default") {
    return info.outputs.reduce((sum, output) => sum + outputBytes(output), 0);
  }
  const isMap = head.task === "segmentation" && (signature === "class" || signature === "mask");
  if (!isMap || rowBytes === undefined || preprocess === undefined) return 0;
  const itemBytes = { float32: 4, float16: 2, uint8: 1 }[preprocess.dtype];
  const places = rowBytes / itemBytes / preprocess.mean.length;
  return places * (INTEGER_BYTES + (head.classes > 10 ? 1 : 0));
}

function outputBytes({ dtype, shape }: TensorSpec): number {
  const numbers = shape
    .slice(1)
    .reduce<number>((count, size) => (typeof size === "number" ? count * size : 0), 1);
  return numbers * (dtype.startsWith("float") ? FLOAT_BYTES : INTEGER_BYTES);
}

function remedy({ head }: Servable): string {
  const short = (["mask_png", "base64_prediction"] as const).find((name) =>
    offeredSignatures(head).includes(name),
  );
  return short === undefined
    ? "ask for a signature with less in it, or use a dedicated endpoint"
    : `set DEFAULT_SIGNATURE=${short}`;
}
