import type { Tensor } from "./tensor.ts";

/**
 * An answer before it is text: JSON, with tensors as leaves. A tensor prints as nested lists, one of
 * shape [] as a bare number, so a float32 score prints in float32's shortest form.
 */
export type Value =
  | null
  | boolean
  | number
  | string
  | Tensor
  | readonly Value[]
  | { readonly [key: string]: Value };
