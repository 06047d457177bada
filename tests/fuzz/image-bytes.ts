import fc from "fast-check";
import { applyByteEdits, byteEdit } from "./byte-edits.ts";

const KEEPS = { weight: 1, arbitrary: fc.constant([]) };

/** Returns encoded images: whole, edited, and heads of one with the tail of another. */
export function imageBytes(collection: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const edits = fc.oneof(KEEPS, { weight: 6, arbitrary: fc.array(byteEdit, { maxLength: 6 }) });
  const splice = fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.record({ tail: fc.nat(collection.length - 1), at: fc.nat(1000) }) },
  );
  return fc
    .record({ image: fc.nat(collection.length - 1), edits, splice })
    .map(({ image, edits, splice }) => {
      const whole = collection[image] as Buffer;
      return applyByteEdits(
        splice === null ? whole : spliced(whole, collection[splice.tail] as Buffer, splice.at),
        edits,
      );
    });
}

/** @param at where they are cut, in thousandths of each */
function spliced(head: Buffer, tail: Buffer, at: number): Buffer {
  const cut = (bytes: Buffer) => Math.floor((bytes.length * at) / 1000);
  return Buffer.concat([head.subarray(0, cut(head)), tail.subarray(cut(tail))]);
}
