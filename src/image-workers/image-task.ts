import type { ErrorCode } from "../errors.ts";
import type { Geometry, PreprocessSpec } from "../image/preprocess-spec.ts";
import type { Head, SignatureName } from "../signature/head.ts";
import type { RowResult } from "../signature/render-signature.ts";
import type { SignatureParameters } from "../signature/signature-parameters.ts";
import type { ArrayFormat } from "../tensor/array-format.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";

/** Encoded bytes, or the numbers of a raw array, to a row of the model's input. */
export interface PreprocessTask {
  readonly kind: "preprocess";
  readonly bytes: Uint8Array;
  /** How the bytes are pixels; absent: they are an encoded image. */
  readonly array?: ArrayFormat;
  readonly spec: PreprocessSpec;
  readonly maxImagePixels: number;
}

/** A row of outputs to an answer. */
export interface RenderTask {
  readonly kind: "render";
  readonly signature: Exclude<SignatureName, "serving_default">;
  readonly head: Head;
  readonly result: RowResult;
  readonly parameters: SignatureParameters;
}

export interface PreprocessedImage {
  readonly row: Tensor;
  readonly geometry: Geometry;
  readonly decodeMs: number;
  readonly preprocessMs: number;
}

/** A class does not survive the way between threads, so errors travel as data. */
export type TaskOutcome<Result> =
  | { readonly result: Result }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

export type ImageTaskOutcome = TaskOutcome<PreprocessedImage | Value>;
