import type { Tensors } from "./tensor.ts";

/** Returns what rows have in common that can be merged: equal names, types and shapes. */
export function rowGroup(row: Tensors): string {
  return Object.entries(row)
    .map(([name, { dtype, shape }]) => `${name}:${dtype}:${shape.join("x")}`)
    .join(" ");
}
