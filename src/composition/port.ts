import type { SignatureName } from "../signature/head.ts";
import type { DType } from "../tensor/dtype.ts";
import { type Dimension, formatShape } from "../tensor/tensor.ts";

/** What a port gives. */
export type PortType =
  | { readonly kind: "image" }
  /** What a detector found, in pixels of the image that it was shown. */
  | { readonly kind: "boxes"; readonly labels?: readonly string[] | undefined }
  /** Without the batch dimension. */
  | { readonly kind: "tensor"; readonly dtype: DType; readonly shape: readonly Dimension[] }
  /** Any other answer, which can only be shown. */
  | { readonly kind: "value"; readonly name: string };

/** A port of a composition. */
export interface Port {
  readonly type: PortType;
  /** There is one value for each crop of this node, instead of one for each image. */
  readonly each?: string | undefined;
  /** Where a model gives it: the signature, or the output of the graph. */
  readonly signature?: SignatureName;
}

/** Returns what a port gives, for a sentence. */
export function describePort({ type, each }: Port): string {
  const article = each === undefined ? "" : `for each crop of ${each} `;
  switch (type.kind) {
    case "image":
      return `${article}an image`;
    case "boxes":
      return `${article}boxes`;
    case "tensor":
      return `${article}a tensor ${type.dtype} ${formatShape(type.shape)}`;
    case "value":
      return `${article}"${type.name}", which only an output can take`;
  }
}
