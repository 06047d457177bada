import { allocate, type DType, type TensorData } from "./dtype.ts";

/**
 * Returns a function that allocates as `allocate` does, but gives the memory of an earlier call again where that is
 * enough, whatever it holds. So its caller must be done with the array before the next call, and write all of it.
 *
 * @param maxKeptBytes what is longer is not kept for the next call
 */
export function recycledMemory(maxKeptBytes: number = Number.POSITIVE_INFINITY): typeof allocate {
  let kept: { readonly dtype: DType; readonly data: Exclude<TensorData, string[]> } | undefined;
  return (dtype, length) => {
    if (kept?.dtype === dtype && kept.data.length >= length) return kept.data.subarray(0, length);
    const data = allocate(dtype, length);
    if (!Array.isArray(data) && data.byteLength <= maxKeptBytes) kept = { dtype, data };
    return data;
  };
}
