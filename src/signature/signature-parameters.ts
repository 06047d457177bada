/** What a model folder or a caller may choose of a signature. */
export interface SignatureParameters {
  /** Entries of `top_k`. */
  readonly k: number;
  /** Lowest score of an answer of a multi-label classification or a detection. */
  readonly scoreThreshold: number;
  /** Two boxes of a class that overlap more than this, as intersection over union, are one. */
  readonly iouThreshold: number;
  /** Most boxes in an answer. */
  readonly maxDetections: number;
}

/** One parameter: its name in JSON, its bounds, and its value where nobody says. */
export interface ParameterRule {
  readonly key: string;
  readonly fallback: number;
  readonly minimum: number;
  readonly maximum?: number;
  readonly isWhole: boolean;
}

const share = { minimum: 0, maximum: 1, isWhole: false } as const;

/** The rule of every parameter. */
export const PARAMETER_RULES: { readonly [Name in keyof SignatureParameters]: ParameterRule } = {
  k: { key: "k", fallback: 5, minimum: 1, isWhole: true },
  scoreThreshold: { key: "score_threshold", fallback: 0.5, ...share },
  iouThreshold: { key: "iou_threshold", fallback: 0.7, ...share },
  maxDetections: { key: "max_detections", fallback: 100, minimum: 1, maximum: 3000, isWhole: true },
};
