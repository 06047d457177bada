import { type PackedNumbers, writePacked } from "./packed-numbers.ts";

/** Writes a protobuf message, field by field. Large payloads are copied once, by {@link finish}. As proto3 has it, a default is not written. */
export class MessageWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  text(field: number, text: string): this {
    return text === "" ? this : this.bytes(field, Buffer.from(text, "utf8"));
  }

  /** Written even if empty: elements of repeated fields, and members of a oneof. */
  bytes(field: number, bytes: Uint8Array): this {
    this.#head(field, bytes.length);
    this.#push(bytes);
    return this;
  }

  integer(field: number, value: number | bigint): this {
    return Number(value) === 0 ? this : this.integerOfOneof(field, value);
  }

  /** Written even if 0. */
  integerOfOneof(field: number, value: number | bigint): this {
    this.#push(varint(field * 8));
    this.#push(varint(value));
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.integer(field, Number(value));
  }

  float(field: number, value: number): this {
    if (Object.is(value, 0)) return this;
    this.#push(varint(field * 8 + 5));
    this.#push(new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }

  /** Written even if empty. */
  message(field: number, message: MessageWriter): this {
    this.#head(field, message.#length);
    for (const chunk of message.#chunks) this.#push(chunk);
    return this;
  }

  packed(field: number, numbers: Parameters<typeof writePacked>[0]): this {
    return numbers.length === 0 ? this : this.bytes(field, writePacked(numbers));
  }

  /** An entry of a map whose values are messages. */
  entry(field: number, key: string, value: MessageWriter): this {
    return this.message(field, new MessageWriter().text(1, key).message(2, value));
  }

  /** Returns the bytes of the message. */
  finish(): Buffer {
    return Buffer.concat(this.#chunks, this.#length);
  }

  #head(field: number, length: number): void {
    this.#push(varint(field * 8 + 2));
    this.#push(varint(length));
  }

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }
}

function varint(value: number | bigint): Uint8Array {
  if (typeof value === "number" && value >= 0 && value < 128) return Uint8Array.of(value);
  return writePacked(BigInt64Array.of(BigInt(value)) satisfies PackedNumbers);
}
