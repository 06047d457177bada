/** What `/v1/models/<name>/metadata` says under `onnx_serving`, as far as it is shown. */
export interface ModelMetadata {
  readonly file: string;
  readonly sha256: string;
  readonly provider: string;
  readonly task: string;
  readonly labels: readonly string[] | null;
  readonly activation: string | null;
  readonly multi_label: boolean;
  readonly parameters: Readonly<Record<ParameterName, number>>;
  readonly signatures: readonly string[];
  readonly preprocess: Readonly<Record<string, unknown>> | null;
  /** null: plain tensors. */
  readonly accepts: { readonly pictures: boolean } | null;
  readonly origins: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly golden: { readonly largestDifference: number; readonly tolerance: number } | null;
  readonly batching: {
    readonly kind: string;
    readonly max_batch_size: number;
    readonly reason: string;
    readonly measured: readonly { readonly batch_size: number; readonly run_ms: number }[];
  };
  readonly lanes: {
    readonly count: number;
    readonly intra_op_threads: number;
    readonly reason: string;
  };
  readonly limits: { readonly max_body_bytes: number };
  /** Names of the images that the model's folder has for trying it. */
  readonly samples: readonly string[];
}

export type ParameterName = "k" | "score_threshold" | "iou_threshold" | "max_detections";

/** A tensor of the model, as TensorFlow Serving's metadata describe it. */
export interface TensorMetadata {
  readonly dtype: string;
  readonly tensor_shape: { readonly dim: readonly { readonly size: string }[] };
}

/** Returns the name of a class, or its number where it has none. */
export function labelOf({ labels }: Pick<ModelMetadata, "labels">, index: number): string {
  return labels?.[index] ?? String(index);
}
