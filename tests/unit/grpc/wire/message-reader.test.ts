import { describe, expect, test } from "vitest";
import { MessageReader } from "../../../../src/grpc/wire/message-reader.ts";
import { errorOf } from "../../protocol/error-of.ts";

function readAll(bytes: Buffer): number[] {
  const reader = new MessageReader(bytes);
  const numbers: number[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) numbers.push(field);
  return numbers;
}

function first(...bytes: number[]): MessageReader {
  const reader = new MessageReader(Buffer.from(bytes));
  reader.next();
  return reader;
}

describe("MessageReader", () => {
  test("gives the number of each field, whether it is read or not", () => {
    const bytes = Buffer.of(0x08, 0x01, 0x12, 2, 0xff, 0xff, 0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(readAll(bytes)).toEqual([1, 2, 3, 4]);
  });

  test("reads negative integers of ten bytes", () => {
    expect(first(0x08, ...new Array(9).fill(0xff), 0x01).integer()).toBe(-1n);
  });

  test("reads field numbers of five bytes", () => {
    expect(readAll(Buffer.of(0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01))).toEqual([2 ** 29 - 1]);
  });

  test("reads doubles", () => {
    expect(first(0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f).double()).toBe(1.5);
  });

  test.each([
    ["a tag that is cut off", [0x80]],
    ["a value that is cut off", [0x08, 0x80]],
    ["bytes that are cut off", [0x12, 2, 0xff]],
    ["a length of more than all memory", [0x12, ...new Array(9).fill(0xff), 0x01]],
    ["a fixed-size number that is cut off", [0x0d, 0, 0, 0]],
    ["field number 0", [0x00, 0x01]],
    ["a field number of more than 29 bits", [0x88, 0x80, 0x80, 0x80, 0x10, 0x01]],
    ["a group", [0x0b, 0x0c]],
    ["a number of more than ten bytes", [0x08, ...new Array(10).fill(0xff), 0x01]],
  ])("refuses %s", (_, bytes) => {
    expect(errorOf(() => readAll(Buffer.from(bytes))).code).toBe("INVALID_ARGUMENT");
  });

  test.each<[string, MessageReader, (reader: MessageReader) => unknown]>([
    ["a number where text is expected", first(0x08, 1), (reader) => reader.text()],
    ["text where a number is expected", first(0x0a, 1, 0x41), (reader) => reader.integer()],
    ["text that is no UTF-8", first(0x0a, 1, 0xff), (reader) => reader.text()],
    ["elements of another size", first(0x08, 1), (reader) => reader.elements("fixed32")],
  ])("refuses %s", (_, reader, read) => {
    expect(errorOf(() => read(reader)).code).toBe("INVALID_ARGUMENT");
  });

  test("gives no field of which a part is missing", () => {
    expect(errorOf(() => first(0x09, 0, 0)).code).toBe("INVALID_ARGUMENT");
    expect(errorOf(() => first(0x12, 2, 0xff)).code).toBe("INVALID_ARGUMENT");
  });

  test("stops after a million fields, those of inner messages among them", () => {
    const inner = Buffer.alloc(2_000_000, Buffer.of(0x08, 0x00));
    const outer = new MessageReader(Buffer.concat([Buffer.of(0x0a, 0x80, 0x89, 0x7a), inner]));
    expect(outer.next()).toBe(1);
    const reader = outer.message();
    const walk = () => {
      while (reader.next() !== 0);
    };
    expect(errorOf(walk).message).toContain("1000000 fields");
  });
});
