import type { ErrorCode } from "../errors.ts";
import type { PixelEdit } from "../image/pixel-edit.ts";
import type { Geometry, PreprocessSpec } from "../image/preprocess-spec.ts";
import type { Raster } from "../image/raster.ts";
import type { Head } from "../signature/head.ts";
import type { RenderedSignature, RowResult } from "../signature/render-signature.ts";
import type { SignatureParameters } from "../signature/signature-parameters.ts";
import type { TensorStep } from "../signature/tensor-step.ts";
import type { ArrayFormat } from "../tensor/array-format.ts";
import type { RowSlot } from "../tensor/row-slots.ts";
import type { Tensor, TensorSpec } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import type { PostprocessContext } from "./handler.ts";
import type { HookName } from "./load-handler.ts";

/** Encoded bytes, or the numbers of a raw array, to a row of the model's input. */
export interface PreprocessTask extends EncodedImage {
  readonly kind: "preprocess";
  readonly spec: PreprocessSpec;
  readonly maxImagePixels: number;
  /** Present where a handler takes part. */
  readonly hooks?: ImageHooks;
}

/** An image as it was sent. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  /** How the bytes are pixels; absent: they are an encoded image. */
  readonly array?: ArrayFormat | undefined;
  /** Where to write the row, if it is as long. */
  readonly slot?: RowSlot | undefined;
  /** The bytes are levels that were decoded before, of this size. */
  readonly decoded?: Omit<Raster, "data"> | undefined;
  /** What is done with the pixels before the model's own preprocessing. */
  readonly edits?: readonly PixelEdit[] | undefined;
  /** The decoded pixels, before all edits, are wanted too. */
  readonly keepsPixels?: boolean | undefined;
}

/** The handler whose `decode` or `preprocess` an image passes on its way to a row. */
export interface ImageHooks {
  /** Of `handler.mjs`. */
  readonly url: string;
  /** The graph's input, with its batch dimension. */
  readonly input: TensorSpec;
}

/** A row of outputs to an answer. */
export interface RenderTask {
  readonly kind: "render";
  readonly signature: RenderedSignature;
  readonly head: Head;
  readonly result: RowResult;
  readonly parameters: SignatureParameters;
}

/** A row of outputs to a handler's answer. */
export interface PostprocessTask extends Pick<PostprocessContext, "labels" | "parameters"> {
  readonly kind: "postprocess";
  /** Of `handler.mjs`. */
  readonly url: string;
  readonly result: RowResult;
}

/** A handler to its hooks. */
export interface LoadHandlerTask {
  readonly kind: "load_handler";
  readonly url: string;
}

/** A large tensor to what a composed model's next one takes. */
export interface TensorStepTask {
  readonly kind: "tensor_step";
  readonly step: TensorStep;
  readonly tensor: Tensor;
}

export type ImageTask = PreprocessTask | RenderTask | PostprocessTask | LoadHandlerTask | TensorStepTask;

export interface PreprocessedImage {
  readonly row: Tensor;
  readonly geometry: Geometry;
  readonly decodeMs: number;
  readonly preprocessMs: number;
  /** Where they were asked for and the image is no raw array; threads may share their memory. */
  readonly pixels?: Raster;
}

/** A class does not survive the way between threads, so errors travel as data. */
export type TaskOutcome<Result> = { readonly result: Result } | { readonly error: TaskError };

export interface TaskError {
  readonly code: ErrorCode;
  readonly message: string;
  /** Present where a handler failed: what it threw, for the log. */
  readonly thrown?: { readonly message: string; readonly stack: string };
}

export type ImageTaskOutcome = TaskOutcome<PreprocessedImage | Value | readonly HookName[]>;
