import { isUtf8 } from "node:buffer";
import { ServingError } from "../../errors.ts";

/** Of one request's message and all messages in it. An unpacked number is a field of its own. */
const MAX_FIELDS = 1_000_000;

/** How one element of a packed field stands on the wire. */
export type ElementWire = "varint" | "fixed32" | "fixed64";

const WIRE_TYPE_OF: Readonly<Record<ElementWire, number>> = { varint: 0, fixed64: 1, fixed32: 5 };
const LENGTH_DELIMITED = 2;
const MAX_TAG = 2 ** 32 - 1;

/**
 * Walks the fields of a protobuf message, without a copy: payloads are views of its bytes. What hostile bytes can make of
 * it is bounded by the number of fields, as each may become an object.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class MessageReader {
  readonly #bytes: Buffer;
  readonly #budget: { fields: number };
  #next = 0;
  #number = 0;
  #wireType = 0;
  /** The payload of the field that was read last. */
  #start = 0;
  #end = 0;

  constructor(bytes: Buffer, budget: { fields: number } = { fields: MAX_FIELDS }) {
    this.#bytes = bytes;
    this.#budget = budget;
  }

  /**
   * Moves to the next field.
   *
   * @returns its number; 0 at the end of the message
   * @throws {ServingError} INVALID_ARGUMENT when the bytes are no protobuf message, or have more than a million fields.
   */
  next(): number {
    if (this.#next === this.#bytes.length) return 0;
    if (--this.#budget.fields < 0) throw damaged(`more than ${MAX_FIELDS} fields`);
    const tagEnd = this.#varintEnd(this.#next);
    const tag = this.#varint(this.#next, tagEnd);
    this.#number = tag >>> 3;
    this.#wireType = tag & 7;
    if (this.#number === 0 || tag > MAX_TAG) throw damaged(`a broken tag at byte ${this.#next}`);
    this.#start = tagEnd;
    this.#end = this.#payloadEnd(tagEnd);
    if (this.#end > this.#bytes.length) throw damaged(`field ${this.#number} is cut off`);
    this.#next = this.#end;
    return this.#number;
  }

  /** Returns the payload of a bytes field. @throws {ServingError} INVALID_ARGUMENT when it is none. */
  bytes(): Buffer {
    this.#require(LENGTH_DELIMITED);
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Returns the payload of a string field. @throws {ServingError} INVALID_ARGUMENT when it is none, or no UTF-8. */
  text(): string {
    const bytes = this.bytes();
    if (!isUtf8(bytes)) throw damaged(`field ${this.#number} is no UTF-8 text`);
    return bytes.toString("utf8");
  }

  /** Returns a reader of the message in a field. @throws {ServingError} INVALID_ARGUMENT when there is none. */
  message(): MessageReader {
    return new MessageReader(this.bytes(), this.#budget);
  }

  /** Returns the value of an int64, int32 or enum field. @throws {ServingError} INVALID_ARGUMENT when it is none. */
  integer(): bigint {
    this.#require(WIRE_TYPE_OF.varint);
    let value = 0n;
    for (let at = this.#end - 1; at >= this.#start; at--) {
      value = (value << 7n) | BigInt((this.#bytes[at] as number) & 0x7f);
    }
    return BigInt.asIntN(64, value);
  }

  /** Returns the value of a bool field. @throws {ServingError} INVALID_ARGUMENT when it is none. */
  bool(): boolean {
    return this.integer() !== 0n;
  }

  /** Returns the value of a double field. @throws {ServingError} INVALID_ARGUMENT when it is none. */
  double(): number {
    this.#require(WIRE_TYPE_OF.fixed64);
    return this.#bytes.readDoubleLE(this.#start);
  }

  /**
   * Returns the bytes of the elements that stand in a field: many of a packed one, else one. Those of all fields of a
   * number, one after the other, are the elements.
   *
   * @throws {ServingError} INVALID_ARGUMENT when it holds something else.
   */
  elements(wire: ElementWire): Buffer {
    if (this.#wireType !== LENGTH_DELIMITED) this.#require(WIRE_TYPE_OF[wire]);
    return this.#bytes.subarray(this.#start, this.#end);
  }

  #payloadEnd(start: number): number {
    switch (this.#wireType) {
      case WIRE_TYPE_OF.varint:
        return this.#varintEnd(start);
      case WIRE_TYPE_OF.fixed64:
        return start + 8;
      case WIRE_TYPE_OF.fixed32:
        return start + 4;
      case LENGTH_DELIMITED: {
        this.#start = this.#varintEnd(start);
        return this.#start + this.#varint(start, this.#start);
      }
      default:
        throw damaged(`field ${this.#number} has wire type ${this.#wireType}`);
    }
  }

  /** Returns where the number that starts at `start` ends. */
  #varintEnd(start: number): number {
    for (let at = start; at < start + 10; at++) {
      const byte = this.#bytes[at];
      if (byte === undefined) throw damaged("it is cut off");
      if (byte < 0x80) return at + 1;
    }
    throw damaged(`a number of more than ten bytes at byte ${start}`);
  }

  /** Exact for numbers of up to 7 bytes; a longer one is larger than any tag or length. */
  #varint(start: number, end: number): number {
    let value = 0;
    for (let at = end - 1; at >= start; at--) value = value * 128 + ((this.#bytes[at] as number) & 0x7f);
    return value;
  }

  #require(wireType: number): void {
    if (this.#wireType === wireType) return;
    throw damaged(`field ${this.#number} has wire type ${this.#wireType}, expected ${wireType}`);
  }
}

function damaged(what: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", `the message can't be read: ${what}`);
}
