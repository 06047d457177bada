import { readSync } from "node:fs";
import { StartupError } from "../errors.ts";

/** Bytes `[start, end)` of the file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One field of a message: a number for varints, a span for strings, bytes and messages, neither for floats. */
export interface Field {
  readonly number: number;
  /** Where its tag stands in the file. */
  readonly at: number;
  readonly integer: number | undefined;
  readonly span: Span | undefined;
}

interface ProtobufReaderOptions {
  readonly fileDescriptor: number;
  readonly sizeBytes: number;
  /** How messages call the file. */
  readonly name: string;
}

const WINDOW_BYTES = 16 * 1024;
/** Nested messages, as in protobuf's own readers. A graph in a graph costs three. */
const MAX_DEPTH = 100;
/** About half a second of walking; a graph of 100,000 nodes has a million. */
const MAX_FIELDS = 5_000_000;
const MAX_TEXT_BYTES = 1024 * 1024;
const MAX_TOTAL_TEXT_BYTES = 64 * 1024 * 1024;

/**
 * Walks the messages of a protobuf file by positional reads: payloads that nobody asks for, weights
 * above all, are skipped by their length and never read. What a hostile file can make it do is bounded:
 * depth, fields, and bytes of text in all.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufReader {
  readonly #file: ProtobufReaderOptions;
  readonly #window = Buffer.alloc(WINDOW_BYTES);
  #windowStart = 0;
  #windowLength = 0;
  #position = 0;
  #depth = 0;
  #fields = 0;
  #textBytes = 0;

  constructor(options: ProtobufReaderOptions) {
    this.#file = options;
  }

  /**
   * Calls `visit` for each field of the message in `span`, by default the whole file. `visit` may walk
   * into the field before it returns.
   *
   * @throws {StartupError} when the bytes are no protobuf message, are cut off, or pass a limit.
   */
  forEachField(visit: (field: Field) => void, span: Span = { start: 0, end: this.#file.sizeBytes }): void {
    if (++this.#depth > MAX_DEPTH) throw this.damaged(span.start, `more than ${MAX_DEPTH} nested messages`);
    let next = span.start;
    while (next < span.end) {
      if (++this.#fields > MAX_FIELDS) throw this.damaged(next, `more than ${MAX_FIELDS} fields`);
      this.#position = next;
      const field = this.#readField(span.end);
      next = this.#position;
      visit(field);
    }
    this.#depth--;
  }

  /** Returns the payload of a string, bytes or message field. @throws {StartupError} when it is a number. */
  span(field: Field): Span {
    if (field.span === undefined) throw this.damaged(field.at, `a number in field ${field.number}`);
    return field.span;
  }

  /** Returns the value of an integer field. @throws {StartupError} when it is not one, or is past 2^53. */
  integer(field: Field): number {
    if (!Number.isSafeInteger(field.integer)) {
      throw this.damaged(field.at, `no usable integer in field ${field.number}`);
    }
    return field.integer ?? 0;
  }

  /** Returns the value of a string field. @throws {StartupError} when it is not one, or passes a limit. */
  text(field: Field): string {
    const { start, end } = this.span(field);
    const length = end - start;
    // Short strings cost memory too: a million empty ones must not come for free.
    this.#textBytes += Math.max(length, 32);
    if (length > MAX_TEXT_BYTES || this.#textBytes > MAX_TOTAL_TEXT_BYTES) {
      throw this.damaged(field.at, `${length} bytes of text in field ${field.number}`);
    }
    const bytes = Buffer.alloc(length);
    if (this.#read(bytes, start) < length) throw this.#truncated(end);
    return bytes.toString("utf8");
  }

  /** Returns the error for a file that breaks the format at byte `position`. */
  damaged(position: number, what: string): StartupError {
    return new StartupError(
      `${this.#file.name} is damaged or not an ONNX model: ${what} at byte ${position}; export or copy it again`,
    );
  }

  #readField(end: number): Field {
    const at = this.#position;
    const tag = this.#varint(end);
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 2 ** 29 - 1) throw this.damaged(at, `field number ${number}`);
    switch (tag % 8) {
      case 0:
        return { number, at, integer: this.#varint(end), span: undefined };
      case 1:
        this.#skip(8, end);
        return { number, at, integer: undefined, span: undefined };
      case 2: {
        const length = this.#varint(end);
        const start = this.#position;
        this.#skip(length, end);
        return { number, at, integer: undefined, span: { start, end: this.#position } };
      }
      case 5:
        this.#skip(4, end);
        return { number, at, integer: undefined, span: undefined };
      default:
        throw this.damaged(at, `wire type ${tag % 8}`);
    }
  }

  /** Reads a base-128 number of at most ten bytes, as a signed 64-bit one; past 2^53 it is only near. */
  #varint(end: number): number {
    const start = this.#position;
    let low = 0;
    let scale = 1;
    for (let i = 0; i < 7; i++, scale *= 128) {
      const byte = this.#byte(end);
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return low;
    }
    let value = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte(end);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw this.damaged(start, "a number of more than ten bytes");
  }

  #byte(end: number): number {
    if (this.#position >= end) throw this.#overrun(this.#position + 1, end);
    let offset = this.#position - this.#windowStart;
    if (offset < 0 || offset >= this.#windowLength) {
      this.#windowStart = this.#position;
      this.#windowLength = this.#read(this.#window, this.#position);
      if (this.#windowLength === 0) throw this.#truncated(this.#position + 1);
      offset = 0;
    }
    this.#position++;
    return this.#window[offset] ?? 0;
  }

  #skip(length: number, end: number): void {
    if (!(length >= 0)) throw this.damaged(this.#position, `length ${length}`);
    if (this.#position + length > end) throw this.#overrun(this.#position + length, end);
    this.#position += length;
  }

  /** Reads until `target` is full or the file ends; returns the bytes read. */
  #read(target: Buffer, position: number): number {
    let done = 0;
    while (done < target.length) {
      const count = readSync(this.#file.fileDescriptor, target, done, target.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  #overrun(needed: number, end: number): StartupError {
    return end === this.#file.sizeBytes
      ? this.#truncated(needed)
      : this.damaged(this.#position, `a field that ends outside its message`);
  }

  #truncated(needed: number): StartupError {
    return new StartupError(
      `${this.#file.name} is truncated: it says ${needed} bytes or more, the file has ${this.#file.sizeBytes}; copy it again`,
    );
  }
}
