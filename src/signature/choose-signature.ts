import { excerpt, ServingError } from "../errors.ts";
import { type Head, offeredSignatures, type SignatureName } from "./head.ts";

/** Which answer a route gives when the caller names none; `handler`: that of TorchServe's handler for the task. */
export type DefaultSignature = "class" | "label" | "serving_default" | "mask" | "mask_png" | "handler";

/**
 * Returns the signature of a request: the one that it names, else the server's default, else the
 * handler's `custom` (unless the dialect's is `serving_default`), else the dialect's, else the nearest that the model
 * offers.
 *
 * @throws {ServingError} INVALID_ARGUMENT when the named one is not offered; the message lists those that are.
 */
export function chooseSignature(
  head: Head,
  {
    named,
    serverDefault,
    dialectDefault,
  }: {
    readonly named: string | undefined;
    readonly serverDefault: string | undefined;
    readonly dialectDefault: DefaultSignature;
  },
): SignatureName {
  const offered = offeredSignatures(head);
  const wanted = named || serverDefault;
  if (wanted !== undefined && wanted !== "") return requireOffered(wanted, offered);
  // A caller of /v1 reads the model's own outputs, whatever else is offered.
  if (head.hasPostprocess && dialectDefault !== "serving_default") return "custom";
  if (dialectDefault === "handler") return ofHandler(head);
  if (offered.includes(dialectDefault)) return dialectDefault;
  if (dialectDefault !== "serving_default" && head.task === "classification") return "class";
  if (dialectDefault === "mask") return "serving_default";
  return head.task === "detection" ? "boxes" : "serving_default";
}

/** @see pytorch/serve `ts/torch_handler/` image_classifier.py, image_segmenter.py, object_detector.py */
function ofHandler(head: Head): SignatureName {
  switch (head.task) {
    case "classification":
      return "top_k";
    case "segmentation":
      // The model that took the best class itself keeps its score to itself.
      return head.isClassMap ? "class" : "class_score";
    case "detection":
      return "boxes";
    case "regression":
    case "generic":
      return "serving_default";
  }
}

/**
 * Returns `name` as one of the offered signatures.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it is none; the message lists them.
 */
export function requireOffered(name: string, offered: readonly SignatureName[]): SignatureName {
  const found = offered.find((signature) => signature === name);
  if (found !== undefined) return found;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `Serving signature name: "${excerpt(name)}" not found in signature def; this model offers: ${offered.join(", ")}`,
  );
}
