import { elementCount, type Tensor } from "../tensor/tensor.ts";
import type { JsonSink } from "./json-sink.ts";
import { WRITE_ELEMENTS } from "./write-elements.ts";

const [OPEN, CLOSE, COMMA] = [0x5b, 0x5d, 0x2c];
/** Elements written between two looks at the room left. */
const BLOCK = 128;
/** The longest element, comma included: a float64 such as -1.7976931348623157e+308. */
const MAX_ELEMENT_BYTES = 32;

/**
 * Writes a tensor as nested lists, one of shape [] as a bare element. Yields where a slice is used up.
 *
 * Shapes: `[]` → element; `[n]` → list of n; `[n, ...S]` → list of n times what S gives.
 */
export function* writeTensor(sink: JsonSink, { dtype, shape, data }: Tensor): Generator<void, void> {
  if (elementCount(shape) === 0) {
    sink.text(emptyLists(shape));
    return;
  }
  const rank = shape.length;
  const write = WRITE_ELEMENTS[dtype];
  const runLength = shape[rank - 1] ?? 1;
  writeRepeated(sink, OPEN, rank);
  for (let start = 0; start < data.length; start += runLength) {
    if (start > 0) {
      const closed = countClosed(shape, start);
      writeRepeated(sink, CLOSE, closed);
      writeRepeated(sink, COMMA, 1);
      writeRepeated(sink, OPEN, closed);
    }
    for (let from = start; from < start + runLength; from += BLOCK) {
      const to = Math.min(from + BLOCK, start + runLength);
      sink.reserve(BLOCK * MAX_ELEMENT_BYTES);
      if (from > start) sink.bytes[sink.length++] = COMMA;
      write(sink, data, from, to);
      if (sink.isDue(to - from)) yield;
    }
  }
  writeRepeated(sink, CLOSE, rank);
}

/** Returns how many lists end before element `at`, a multiple of the last dimension. */
function countClosed(shape: readonly number[], at: number): number {
  let closed = 0;
  let size = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    size *= shape[axis] ?? 1;
    if (at % size !== 0) break;
    closed++;
  }
  return closed;
}

function writeRepeated(sink: JsonSink, code: number, count: number): void {
  sink.reserve(count);
  for (let i = 0; i < count; i++) sink.bytes[sink.length++] = code;
}

/** `[2, 0]` is `[[],[]]`, `[0, 2]` is `[]`. */
function emptyLists(shape: readonly number[]): string {
  const [size, ...rest] = shape;
  if (size === undefined || size === 0) return "[]";
  return `[${new Array<string>(size).fill(emptyLists(rest)).join(",")}]`;
}
