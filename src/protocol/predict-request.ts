import type { ServingError } from "../errors.ts";
import type { ArrayFormat } from "../tensor/array-format.ts";
import type { TensorSpec, Tensors } from "../tensor/tensor.ts";

/** What `JSON.parse` gives. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One element of a request, read as far as the wire format goes. */
export type Instance =
  | (ImageSource & { readonly kind: "image"; readonly key?: Json })
  /** One tensor for each input of the model, without the batch dimension. */
  | { readonly kind: "row"; readonly row: Tensors; readonly key?: Json }
  /** Could not be read; the request's other instances are not affected. */
  | { readonly kind: "bad"; readonly error: ServingError; readonly key?: Json };

/** An encoded image, or the numbers of its pixels. */
export interface ImageSource {
  /** Owns its whole ArrayBuffer, so that it can be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How the bytes are pixels, as many as it says; absent: they are an encoded image. */
  readonly array?: ArrayFormat;
}

/** What a predict request asks for, whatever dialect it was written in. */
export interface PredictRequest {
  /** The caller's choice of output; absent: the dialect's default. */
  readonly signatureName?: string;
  /** Options of the signature, such as `k`. */
  readonly parameters: Readonly<Record<string, Json>>;
  /** The form of the answer: `predictions`, `outputs` or `prediction`. */
  readonly format: "row" | "columnar" | "single";
  /**
   * The raw outputs (`serving_default`) of all instances are wanted as one set of tensors `[n, ...S]`, for wire formats
   * that carry tensors. One bad instance fails the request.
   */
  readonly mergesOutputs?: true;
  readonly inputs:
    | { readonly kind: "instances"; readonly instances: readonly Instance[] }
    /** Columnar tensors, each with its own first dimension. */
    | { readonly kind: "tensors"; readonly tensors: Tensors };
}

/** What the parsers must know of the served model. */
export interface ModelInputs {
  /** The graph's inputs, with their batch dimension. */
  readonly inputs: readonly TensorSpec[];
  /** Name of the input that takes encoded images; absent: all inputs are plain tensors. */
  readonly imageInput?: string;
  /**
   * rows: axis 0 of every input and output is the batch, so rows of many requests may run together.
   * whole: no such axis; a request's tensors are fed exactly as they come.
   */
  readonly batching: "rows" | "whole";
}
