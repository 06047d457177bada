import type { Tensor, Tensors } from "../tensor/tensor.ts";

/**
 * Returns the same tensors, each numeric one alone in its memory, and that memory: what `postMessage`
 * moves to another thread without copying. A view into larger memory is copied first, unless threads share it.
 */
export function toTransferable(tensors: readonly Tensors[]): { tensors: Tensors[]; memory: ArrayBuffer[] } {
  const memory = new Set<ArrayBuffer>();
  const own = (tensor: Tensor): Tensor => {
    if (Array.isArray(tensor.data)) return tensor;
    const { buffer } = tensor.data;
    if (!(buffer instanceof ArrayBuffer)) return tensor;
    const alone = tensor.data.byteLength === buffer.byteLength;
    const data = alone && !memory.has(buffer) ? tensor.data : tensor.data.slice();
    memory.add(data.buffer as ArrayBuffer);
    return { ...tensor, data };
  };
  const moved = tensors.map((named) =>
    Object.fromEntries(Object.entries(named).map(([name, tensor]) => [name, own(tensor)])),
  );
  return { tensors: moved, memory: [...memory] };
}
