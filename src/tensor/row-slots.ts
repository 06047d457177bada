import { allocate, type DType, type Memory, type TensorData, viewIn } from "./dtype.ts";

/** Memory for one row, which threads share. */
export type RowSlot = Memory;

/** Whole cache lines, so that threads which write neighbours do not share one. */
const ALIGNMENT_BYTES = 64;

/**
 * Returns memory for `count` rows of `byteLength` bytes each. Rows that are written into it need not be allocated,
 * cleared, moved between threads and collected; one of `[3, 224, 224]` float32 has 600 kB.
 */
export function rowSlots(count: number, byteLength: number): RowSlot[] {
  const stride = Math.ceil(byteLength / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const memory = new SharedArrayBuffer(count * stride);
  return Array.from({ length: count }, (_, i) => ({ memory, byteOffset: i * stride, byteLength }));
}

/** Returns an array for a row: the slot, as it was left, if there is one of that length; else zeros. */
export function allocateIn(slot: RowSlot | undefined, dtype: DType, length: number): TensorData {
  return (slot && viewIn(slot, dtype, length)) ?? allocate(dtype, length);
}
