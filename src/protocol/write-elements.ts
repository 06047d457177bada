import type { DType, TensorData } from "../tensor/dtype.ts";
import { fromFloat16Bits } from "../tensor/float16.ts";
import type { JsonSink } from "./json-sink.ts";
import { writeFloat32 } from "./write-float32.ts";
import { floatText, writeText } from "./write-text.ts";

const COMMA = 0x2c;

/** Appends elements `[from, to)` of `data`, separated by commas; the caller has reserved the room. */
type WriteElements = (sink: JsonSink, data: TensorData, from: number, to: number) => void;

/** How each type prints. Strings reserve for themselves: they have no longest form. */
export const WRITE_ELEMENTS: Readonly<Record<DType, WriteElements>> = {
  float32: writeFloats(writeFloat32),
  float64: writeFloats((bytes, at, value) => writeText(bytes, at, floatText(value))),
  // Not in the fewest digits that tell it from other halves: those stand for a number up to half a step away.
  float16: writeFloats(writeFloat32, fromFloat16Bits),
  int8: writeIntegers,
  int16: writeIntegers,
  int32: writeIntegers,
  int64: writeBigIntegers,
  uint8: writeIntegers,
  uint16: writeIntegers,
  uint32: writeIntegers,
  uint64: writeBigIntegers,
  bool: (sink, data, from, to) => {
    for (let i = from; i < to; i++) {
      if (i > from) sink.bytes[sink.length++] = COMMA;
      sink.length = writeText(sink.bytes, sink.length, data[i] === 0 ? "false" : "true");
    }
  },
  string: (sink, data, from, to) => {
    for (let i = from; i < to; i++) {
      sink.text(`${i > from ? "," : ""}${JSON.stringify(data[i])}`);
    }
  },
};

function writeFloats(
  write: (bytes: Uint8Array, at: number, value: number) => number,
  toNumber: (element: number) => number = (element) => element,
): WriteElements {
  return (sink, data, from, to) => {
    const bytes = sink.bytes;
    let at = sink.length;
    for (let i = from; i < to; i++) {
      if (i > from) bytes[at++] = COMMA;
      const value = toNumber(data[i] as number);
      if (Number.isFinite(value)) {
        at = write(bytes, at, value);
      } else {
        at = writeText(bytes, at, "null");
        sink.nonFinite++;
      }
    }
    sink.length = at;
  };
}

function writeIntegers(sink: JsonSink, data: TensorData, from: number, to: number): void {
  const bytes = sink.bytes;
  let at = sink.length;
  for (let i = from; i < to; i++) {
    if (i > from) bytes[at++] = COMMA;
    const value = data[i] as number;
    if (value < 0) bytes[at++] = 0x2d;
    at = writeDigits(bytes, at, Math.abs(value));
  }
  sink.length = at;
}

/** `value` is an integer from 0 to 2^32. */
function writeDigits(bytes: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let limit = 10; value >= limit; limit *= 10) end++;
  let rest = value;
  for (let i = end - 1; i >= at; i--) {
    const quotient = Math.floor(rest / 10);
    bytes[i] = 0x30 + rest - quotient * 10;
    rest = quotient;
  }
  return end;
}

function writeBigIntegers(sink: JsonSink, data: TensorData, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    if (i > from) sink.bytes[sink.length++] = COMMA;
    sink.length = writeText(sink.bytes, sink.length, String(data[i]));
  }
}
