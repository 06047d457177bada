import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64 } from "../../../src/protocol/base64.ts";

const long = "The quick brown fox jumps over the lazy dog, and then some more of it to fill two MIME lines.";

describe("decodeBase64", () => {
  test.each([
    ["empty text", "", ""],
    ["padding", "aGVsbG8=", "hello"],
    ["two paddings", "aGVsbA==", "hell"],
    ["B1 spaces, tabs and line ends", " aGV\tsb\r\nG8\f\v= \n", "hello"],
    ["B1 white space inside the padding", "aGVsbA= =", "hell"],
    ["B1 MIME lines of 76", Buffer.from(long).toString("base64").replace(/.{76}/g, "$&\r\n"), long],
    ["B2 no padding", "aGVsbG8", "hello"],
    ["B2 no padding, two characters over", "aGVsbA", "hell"],
    ["B4 a data URL", "data:image/png;base64,aGVsbG8=", "hello"],
    ["B4 a data URL with parameters", "data:text/plain;charset=utf-8;base64,aGVsbG8=", "hello"],
    ["B4 a data URL after white space", "\n data:;BASE64,aGVsbG8=", "hello"],
    ["words that are base64", "data", Buffer.from("data", "base64").toString("latin1")],
  ])("decodes %s", (_, text, expected) => {
    expect(decodeBase64(text, "here")).toEqual(new Uint8Array(Buffer.from(expected, "latin1")));
  });

  test("B2 decodes the URL-safe alphabet, with and without padding", () => {
    const expected = Uint8Array.of(0xfb, 0xff, 0xbf, 0xfe);
    for (const text of ["-_-__g", "-_-__g==", "+/+//g", "+/+//g=="]) {
      expect(decodeBase64(text, "here")).toEqual(expected);
    }
  });

  test.each([
    ["B3 a mixed alphabet", "+A-A", "'-' of a second alphabet at offset 2"],
    ["B3 a mixed alphabet, the other way", "_A/A", "'/' of a second alphabet at offset 2"],
    ["B3 an inner padding", "QQ==QQ==", "'=' inside the text, before it, at offset 4"],
    ["B3 a padding that comes too early", "Q===", "a wrong '=' at offset 1"],
    ["B3 a padding before anything", "=", "a wrong '=' at offset 0"],
    ["B3 over-padding", "QUI==", "a wrong '=' at offset 4"],
    ["B3 padding of a full group", "QUJD====", "a wrong '=' at offset 4"],
    ["B3 half of a padding", "QQ=", "half of a padding at offset 2"],
    ["B3 an impossible length", "QUJDR", "an impossible length of 5 characters at offset 4"],
    ["B3 trailing bits", "QR==", "trailing bits that are not zero at offset 1"],
    ["B3 trailing bits without padding", "QUJ", "trailing bits that are not zero at offset 2"],
    ["B3 another character", "QUJD!UJD", "'!' at offset 4"],
    ["a two-byte character that ends in A's bits", "QUJ\u0141", "'\u0141' at offset 3"],
    ["a Latin-1 character", "QUJ\u00e9", "'\u00e9' at offset 3"],
    ["a character outside the BMP", "QUJD😀", "'😀' at offset 4"],
    ["a no-break space", "QUJD\u00a0", "at offset 4"],
    ["a null character", "QUJ\0", "at offset 3"],
    ["B4 a data URL that is not base64", "data:image/svg+xml,<svg/>", "':' at offset 4"],
    ["a fault after a data URL, counted from its start", "data:;base64,QU!D", "'!' at offset 15"],
    ["B5 Python's repr of bytes", "b'aGVsbG8='", "Python's repr of bytes"],
    ["B5 Python's repr of bytes, double quotes", 'b"aGVsbG8="', "Python's repr of bytes"],
    ["B6 hexadecimal that no base64 can be", "ffd8ffe000104a464946000101", "looks like hexadecimal"],
  ])("refuses %s", (_, text, expected) => {
    expect(() => decodeBase64(text, "instances[3].b64")).toThrow(
      expect.objectContaining({
        code: "INVALID_BASE64",
        message: expect.stringMatching(/^instances\[3\]\.b64: expected base64, got /),
      }),
    );
    expect(() => decodeBase64(text, "here")).toThrow(expected);
  });

  test("gives the bytes an ArrayBuffer of their own", () => {
    for (const text of ["", "QQ==", "QUJDRA", Buffer.alloc(100_000).toString("base64")]) {
      const decoded = decodeBase64(text, "here");
      expect(decoded.byteOffset).toBe(0);
      expect(decoded.buffer.byteLength).toBe(decoded.length);
    }
  });

  test("agrees with an obvious decoder on what is base64 and what it holds", () => {
    const alphabet = [..."ABab01+/-_=  \n!Ł\u00c1é"];
    const valid = fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data).toString("base64"));
    const edited = fc
      .tuple(valid, fc.nat(60), fc.constantFrom("", ...alphabet), fc.boolean())
      .map(([text, at, insert, cut]) => text.slice(0, at) + insert + text.slice(cut ? at + 1 : at));
    const noise = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 9 });
    fc.assert(
      fc.property(fc.oneof(valid, edited, noise), (text) => {
        expect(attempt(text)).toEqual(reference(text));
      }),
      { numRuns: 3_000 },
    );
  });

  test("decodes what Buffer encodes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom("base64", "base64url"), (data, form) => {
        expect(decodeBase64(Buffer.from(data).toString(form), "here")).toEqual(data);
      }),
    );
  });

  test("refuses 20 MB of text without a deep stack, wherever the fault is", () => {
    for (const long of [`${"a1".repeat(1e7)}!`, "a".repeat(20_000_001), "A ".repeat(1e7 + 1)]) {
      expect(() => decodeBase64(long, "here")).toThrow(expect.objectContaining({ code: "INVALID_BASE64" }));
    }
  });

  test("does not echo long input", () => {
    expect(() => decodeBase64(`${"A".repeat(1_000)}!`, "here")).toThrow(/^.{0,60}$/);
  });
});

function attempt(text: string): number[] | "refused" {
  try {
    return [...decodeBase64(text, "here")];
  } catch {
    return "refused";
  }
}

/** One character, six bits; slow and plain. */
function reference(text: string): number[] | "refused" {
  const plain = [...text].filter((character) => !" \t\n\v\f\r".includes(character)).join("");
  const match = /^([A-Za-z0-9+/]*|[A-Za-z0-9_-]*)(=*)$/.exec(plain);
  if (match === null) return "refused";
  const [, body = "", padding = ""] = match;
  const needed = (4 - (body.length % 4)) % 4;
  if (needed === 3 || (padding.length > 0 && padding.length !== needed)) return "refused";
  const order = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let bits = "";
  for (const character of body.replaceAll("-", "+").replaceAll("_", "/")) {
    bits += order.indexOf(character).toString(2).padStart(6, "0");
  }
  const whole = Math.floor(bits.length / 8) * 8;
  if (bits.slice(whole).includes("1")) return "refused";
  return Array.from({ length: whole / 8 }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2));
}
