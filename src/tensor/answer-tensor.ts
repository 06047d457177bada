import type { Tensor } from "./tensor.ts";

/** Bytes that are no text, such as encoded images; the strings of a {@link Tensor} are text. */
export interface BytesTensor {
  readonly dtype: "bytes";
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly data: readonly Uint8Array[];
}

/** A tensor as an answer carries it. */
export type AnswerTensor = Tensor | BytesTensor;

/** Named tensors of an answer, in the order in which they are told. */
export type AnswerTensors = Readonly<Record<string, AnswerTensor>>;
