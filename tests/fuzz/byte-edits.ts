import fc from "fast-check";

/** One change to a run of bytes. Offsets are taken modulo its length, so that an edit fits whatever it is applied to. */
export type ByteEdit =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "set"; readonly at: number; readonly value: number }
  | { readonly kind: "number"; readonly at: number; readonly bytes: readonly number[] }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "cut"; readonly at: number; readonly length: number }
  | { readonly kind: "copy"; readonly from: number; readonly length: number; readonly at: number }
  | { readonly kind: "truncate"; readonly at: number };

/** Big-endian numbers at the edge of what sizes, counts and offsets take; written in either order. */
const EDGE_NUMBERS: readonly (readonly number[])[] = [
  [0],
  [0x7f],
  [0x80],
  [0xff],
  [0, 0],
  [0, 1],
  [0x7f, 0xff],
  [0x80, 0],
  [0xff, 0xff],
  [0, 0, 0, 0],
  [0, 0, 0, 1],
  [0, 0, 0x40, 0],
  [0, 1, 0, 0],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
];

/** Heads decide more than contents. */
const offset = fc.oneof(fc.nat(63), fc.nat(1023), fc.nat(2 ** 24));

/** One edit. */
export const byteEdit: fc.Arbitrary<ByteEdit> = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: offset, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant("set" as const), at: offset, value: fc.nat(255) }),
  fc.record({
    kind: fc.constant("number" as const),
    at: offset,
    bytes: fc
      .tuple(fc.constantFrom(...EDGE_NUMBERS), fc.boolean())
      .map(([bytes, isLittle]) => (isLittle ? bytes.toReversed() : bytes)),
  }),
  fc.record({
    kind: fc.constant("insert" as const),
    at: offset,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }),
  }),
  fc.record({ kind: fc.constant("cut" as const), at: offset, length: fc.integer({ min: 1, max: 256 }) }),
  fc.record({
    kind: fc.constant("copy" as const),
    from: offset,
    length: fc.integer({ min: 1, max: 256 }),
    at: offset,
  }),
  fc.record({ kind: fc.constant("truncate" as const), at: offset }),
);

/** Returns `bytes` with the edits made, in order. */
export function applyByteEdits(bytes: Uint8Array, edits: readonly ByteEdit[]): Buffer {
  return edits.reduce<Buffer>(applyEdit, Buffer.from(bytes));
}

function applyEdit(bytes: Buffer, edit: ByteEdit): Buffer {
  if (bytes.length === 0) return edit.kind === "insert" ? Buffer.from(edit.bytes) : bytes;
  const at = edit.at % bytes.length;
  switch (edit.kind) {
    case "flip":
      return overwrite(bytes, at, [(bytes[at] as number) ^ (1 << edit.bit)]);
    case "set":
      return overwrite(bytes, at, [edit.value]);
    case "number":
      return overwrite(bytes, at, edit.bytes);
    case "insert":
      return Buffer.concat([bytes.subarray(0, at), edit.bytes, bytes.subarray(at)]);
    case "cut":
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + edit.length)]);
    case "copy": {
      const from = edit.from % bytes.length;
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(from, from + edit.length),
        bytes.subarray(at),
      ]);
    }
    case "truncate":
      return bytes.subarray(0, at);
  }
}

function overwrite(bytes: Buffer, at: number, values: readonly number[]): Buffer {
  const edited = Buffer.from(bytes);
  edited.set(values.slice(0, bytes.length - at), at);
  return edited;
}
