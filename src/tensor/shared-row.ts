import { viewIn } from "./dtype.ts";
import { rowSlots } from "./row-slots.ts";
import type { Tensor, Tensors } from "./tensor.ts";

/**
 * Returns a copy of a row in memory that threads share, where the rows of images are as well: it can be fed again and
 * again, and no run takes it over. Strings stay as they are.
 */
export function sharedRow(row: Tensors): Tensors {
  return Object.fromEntries(Object.entries(row).map(([name, tensor]) => [name, shared(tensor)]));
}

function shared({ dtype, shape, data }: Tensor): Tensor {
  if (Array.isArray(data)) return { dtype, shape, data };
  const [slot] = rowSlots(1, data.byteLength);
  const view = slot && viewIn(slot, dtype, data.length);
  if (slot === undefined || view === undefined)
    throw new Error("a slot is not of its own length; this is a bug");
  new Uint8Array(slot.memory).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { dtype, shape, data: view };
}
