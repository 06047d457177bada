import { allocate, type DType, type TensorData } from "./dtype.ts";

/**
 * Returns a function that allocates as `allocate` does, but gives the memory of its last call again where that is
 * enough, whatever it holds. So its caller must be done with the array before the next call, and write all of it.
 */
export function recycledMemory(): typeof allocate {
  let kept: { readonly dtype: DType; readonly data: Exclude<TensorData, string[]> } | undefined;
  return (dtype, length) => {
    if (kept?.dtype === dtype && kept.data.length >= length) return kept.data.subarray(0, length);
    const data = allocate(dtype, length);
    if (!Array.isArray(data)) kept = { dtype, data };
    return data;
  };
}
