import { ServingError } from "../../errors.ts";
import type { ElementWire } from "./message-reader.ts";

/** The arrays that protobuf's number types become. */
export type PackedNumbers =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** protobuf's types of numbers; a bool is a varint of 0 or 1. */
export type NumberType = "float" | "double" | "int32" | "uint32" | "int64" | "uint64" | "bool";

/** How an element of each type stands on the wire. */
export const WIRE_OF: Readonly<Record<NumberType, ElementWire>> = {
  float: "fixed32",
  double: "fixed64",
  int32: "varint",
  uint32: "varint",
  int64: "varint",
  uint64: "varint",
  bool: "varint",
};

/**
 * Returns the elements of a repeated field.
 *
 * @param chunks what `MessageReader.elements` gave, in order
 * @throws {ServingError} INVALID_ARGUMENT when they end in the middle of an element.
 */
export function readPacked(type: NumberType, chunks: readonly Uint8Array[]): PackedNumbers {
  switch (type) {
    case "float":
      return new Float32Array(joinFixed(chunks, 4));
    case "double":
      return new Float64Array(joinFixed(chunks, 8));
    case "int32":
      return new Int32Array(readVarints(chunks, 1));
    case "uint32":
    case "bool":
      return new Uint32Array(readVarints(chunks, 1));
    case "int64":
      return new BigInt64Array(readVarints(chunks, 2));
    case "uint64":
      return new BigUint64Array(readVarints(chunks, 2));
  }
}

/** Returns how many elements a repeated field has. @throws {ServingError} INVALID_ARGUMENT when the last is cut off. */
export function countPacked(type: NumberType, chunks: readonly Uint8Array[]): number {
  const wire = WIRE_OF[type];
  if (wire === "varint") return countVarints(chunks);
  return chunks.reduce((sum, { length }) => sum + length, 0) / (wire === "fixed32" ? 4 : 8);
}

/** Returns the elements of a packed field, as they are written. Units: of int64 and uint64 arrays, two's complement. */
export function writePacked(
  numbers: PackedNumbers | Uint8Array | Int8Array | Int16Array | Uint16Array,
): Uint8Array {
  if (numbers instanceof Float32Array || numbers instanceof Float64Array) {
    return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  }
  const isLong = numbers instanceof BigInt64Array || numbers instanceof BigUint64Array;
  const words = isLong
    ? new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2)
    : toWords(numbers);
  const bytes = new Uint8Array(lengthOfVarints(words));
  let at = 0;
  for (let i = 0; i < words.length; i += 2)
    at = putVarint(bytes, at, words[i] as number, words[i + 1] as number);
  return bytes;
}

/** Joins fixed-size elements into memory of their own, where they are aligned. */
function joinFixed(chunks: readonly Uint8Array[], size: number): ArrayBuffer {
  const joined = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    if (chunk.length % size !== 0) throw cutOff();
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined.buffer;
}

function countVarints(chunks: readonly Uint8Array[]): number {
  let count = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at++) count += (chunk[at] as number) < 0x80 ? 1 : 0;
    if (chunk.length > 0 && (chunk[chunk.length - 1] as number) >= 0x80) throw cutOff();
  }
  return count;
}

/**
 * Returns the low 32 bits of each number, or all 64, the low half first: what an array has in memory.
 *
 * @param words of 32 bits for each number
 */
function readVarints(chunks: readonly Uint8Array[], words: 1 | 2): ArrayBuffer {
  const into = new Uint32Array(countVarints(chunks) * words);
  let next = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; next += words) {
      let byte = chunk[at++] as number;
      let low = byte & 0x7f;
      let high = 0;
      for (let shift = 7; byte >= 0x80; shift += 7) {
        if (shift > 63) throw new ServingError("INVALID_ARGUMENT", "a number of more than ten bytes");
        byte = chunk[at++] as number;
        const bits = byte & 0x7f;
        if (shift < 32) low |= bits << shift;
        // Those of byte five are for both halves.
        if (shift >= 28) high |= shift === 28 ? bits >>> 4 : bits << (shift - 32);
      }
      into[next] = low;
      if (words === 2) into[next + 1] = high;
    }
  }
  return into.buffer;
}

/** Returns 64 bits for each number of at most 32, the low half first; a negative one fills the upper half with ones. */
function toWords(
  numbers: Exclude<
    Parameters<typeof writePacked>[0],
    Float32Array | Float64Array | BigInt64Array | BigUint64Array
  >,
): Uint32Array {
  const words = new Uint32Array(numbers.length * 2);
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    words[2 * i] = number;
    words[2 * i + 1] = number < 0 ? 0xffffffff : 0;
  }
  return words;
}

function lengthOfVarints(words: Uint32Array): number {
  let length = 0;
  for (let i = 0; i < words.length; i += 2) {
    const [low, high] = [words[i] as number, words[i + 1] as number];
    const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
    length += Math.max(1, Math.ceil(bits / 7));
  }
  return length;
}

function putVarint(bytes: Uint8Array, start: number, low: number, high: number): number {
  let at = start;
  while (high !== 0 || low > 0x7f) {
    bytes[at++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  bytes[at++] = low;
  return at;
}

function cutOff(): ServingError {
  return new ServingError("INVALID_ARGUMENT", "the message can't be read: a list of numbers is cut off");
}
