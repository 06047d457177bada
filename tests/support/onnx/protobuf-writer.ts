/** Encoded bytes as a list of pieces: weights are copied once, when the whole message is joined. */
export type Chunks = readonly Uint8Array[];

/** Returns the bytes of all `chunks`, in order. */
export function join(chunks: Chunks): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(byteLength(chunks));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return joined;
}

/** Returns the number of bytes in all `chunks`. */
export function byteLength(chunks: Chunks): number {
  let length = 0;
  for (const chunk of chunks) length += chunk.byteLength;
  return length;
}

/** Encodes an integer field; a negative number takes ten bytes, as int64 does. */
export function integerField(field: number, value: number | bigint): Chunks {
  return [tag(field, 0), varint(BigInt(value))];
}

/** Encodes a 32-bit float field. */
export function floatField(field: number, value: number): Chunks {
  return [tag(field, 5), new Uint8Array(new Float32Array([value]).buffer)];
}

/** Encodes a field of raw bytes. */
export function bytesField(field: number, bytes: Uint8Array): Chunks {
  return [...lengthPrefix(field, bytes.byteLength), bytes];
}

/** Encodes what stands before `length` bytes of a string, bytes or message field. */
export function lengthPrefix(field: number, length: number): Chunks {
  return [tag(field, 2), varint(BigInt(length))];
}

/** Encodes a UTF-8 string field. */
export function stringField(field: number, text: string): Chunks {
  return bytesField(field, new TextEncoder().encode(text));
}

/** Encodes a field that holds a message made of `fields`, in their order. */
export function messageField(field: number, fields: readonly Chunks[]): Chunks {
  const body = fields.flat();
  return [...lengthPrefix(field, byteLength(body)), ...body];
}

function tag(field: number, wireType: number): Uint8Array {
  return varint(BigInt(field * 8 + wireType));
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
