import type { ModelMetadata } from "./model-metadata.ts";

/** How an answer is drawn. */
export type ViewKind = "bars" | "mask" | "boxes" | "json";

/** What a person has set. */
export interface Controls {
  readonly signature: string;
  readonly threshold: number;
  readonly k: number;
}

/** What is asked of the server, and how the answer is drawn. */
export interface View {
  readonly kind: ViewKind;
  readonly signature: string;
  /** As they are sent. */
  readonly parameters: Readonly<Record<string, number>>;
  /** As they are shown: the server would answer with what is on the screen. */
  readonly shown: Readonly<Record<string, number>>;
  readonly hasThreshold: boolean;
  /** Whether another threshold needs another answer. */
  readonly isThresholdSent: boolean;
  readonly hasK: boolean;
}

/** Scores below it are noise; those above it are there when the threshold is moved. */
const LOWEST_THRESHOLD = 0.05;

/** Returns the signature that shows most of what a model finds. */
export function usualSignature({ task, multi_label, signatures }: ModelMetadata): string {
  const wanted: Readonly<Record<string, readonly string[]>> = {
    classification: multi_label ? ["scores"] : ["top_k"],
    segmentation: ["mask_png", "base64_prediction"],
    detection: ["boxes"],
  };
  const found = [...(wanted[task] ?? []), "custom"].find((name) => signatures.includes(name));
  return found ?? signatures[0] ?? "serving_default";
}

/** Returns the view of a signature. Boxes are asked for once and left out here: fewer of them are the same boxes. */
export function chooseView(model: ModelMetadata, { signature, threshold, k }: Controls): View {
  const plain = {
    kind: "json",
    signature,
    parameters: {},
    shown: {},
    hasThreshold: false,
    isThresholdSent: false,
    hasK: false,
  } as const;
  switch (signature) {
    case "top_k":
      return { ...plain, kind: "bars", parameters: { k }, shown: { k }, hasK: true };
    case "scores":
      return { ...plain, kind: "bars", hasThreshold: model.multi_label };
    case "class":
    case "label": {
      if (!model.multi_label) return plain;
      const parameters = { score_threshold: threshold };
      return { ...plain, parameters, shown: parameters, hasThreshold: true, isThresholdSent: true };
    }
    case "mask":
    case "mask_png":
    case "base64_prediction":
      return { ...plain, kind: "mask" };
    case "boxes":
      return {
        ...plain,
        kind: "boxes",
        parameters: { score_threshold: Math.min(LOWEST_THRESHOLD, model.parameters.score_threshold) },
        shown: { score_threshold: threshold },
        hasThreshold: true,
      };
    case "detection": {
      const parameters = { score_threshold: threshold };
      return { ...plain, parameters, shown: parameters, hasThreshold: true, isThresholdSent: true };
    }
    default:
      return plain;
  }
}
