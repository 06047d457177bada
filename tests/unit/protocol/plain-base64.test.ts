import { describe, expect, test } from "vitest";
import { decodePlainBase64 } from "../../../src/protocol/plain-base64.ts";

/** Above the number of characters that are decoded at a time. */
const LONG = 40_000;

describe("decodePlainBase64", () => {
  test.each([0, 1, 2, 3, LONG, LONG + 1, LONG + 2])("decodes %i bytes, padded or not", (count) => {
    const bytes = Buffer.from(Array.from({ length: count }, (_, i) => (i * 31 + (i >> 8)) % 256));
    for (const encoding of ["base64", "base64url"] as const) {
      expect(decodePlainBase64(bytes.toString(encoding))).toEqual(new Uint8Array(bytes));
    }
  });

  test.each([
    ["a fault far behind", `${"AAAA".repeat(LONG)}AA!A`],
    ["a second alphabet far behind", `++++${"AAAA".repeat(LONG)}----`],
    ["a padding far before the end", `${"AAAA".repeat(LONG / 4)}AA==${"AAAA".repeat(LONG)}`],
    ["trailing bits far behind", `${"AAAA".repeat(LONG)}AB==`],
    ["a character that ends in A's bits", `${"AAAA".repeat(LONG)}AAA\u0141`],
    ["white space", "AAAA AAAA"],
  ])("gives nothing for %s", (_, text) => {
    expect(decodePlainBase64(text)).toBeUndefined();
  });
});
