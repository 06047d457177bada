import { describe, expect, test } from "vitest";
import { liftPayloads } from "../../../src/protocol/lift-payloads.ts";

const image = Buffer.alloc(600, 7);
const b64 = image.toString("base64");

function lift(text: string) {
  return liftPayloads(Buffer.from(text));
}

describe("liftPayloads", () => {
  test("leaves JSON without the long strings, and gives their bytes in memory of their own", () => {
    const lifted = lift(
      `{ "signature_name": "café", "instances": [{"image_bytes": {"b64": "${b64}"}}, {"b64":\n"${b64}"}] }`,
    );
    expect(JSON.parse(String(lifted?.json))).toEqual({
      signature_name: "café",
      instances: [{ image_bytes: { b64: "\u00000" } }, { b64: "\u00001" }],
    });
    const bytes = lifted?.payloads.take("\u00001");
    expect(bytes).toEqual(new Uint8Array(image));
    expect(bytes?.buffer.byteLength).toBe(image.length);
  });

  test("tells when all were taken", () => {
    const payloads = lift(`["${b64}","${b64}"]`)?.payloads;
    payloads?.take("\u00001");
    payloads?.take("\u00001");
    expect(payloads?.areTaken()).toBe(false);
    payloads?.take("\u00000");
    expect(payloads?.areTaken()).toBe(true);
  });

  test.each([
    ["white space", `${b64.slice(0, 8)} ${b64.slice(8)}`],
    ["a line end, which JSON forbids", `${b64.slice(0, 8)}\n${b64.slice(8)}`],
    ["a data URL", `data:image/png;base64,${b64}`],
    ["a character of two bytes", `é${b64}`],
    ["two alphabets", `+A-A${b64}`],
  ])("gives no bytes for %s", (_, text) => {
    expect(lift(`["${text}"]`)?.payloads.take("\u00000")).toBeUndefined();
  });

  test.each(["0", "\u00001", "\u0000", "\u0000x", "0\u0000"])("gives no bytes for %j", (text) => {
    const payloads = lift(`["${b64}"]`)?.payloads;
    const bytes = payloads?.take(text);
    // U+0000 alone reads as 0, but no text of a body can be it.
    expect(bytes === undefined || text === "\u0000").toBe(true);
  });

  test.each([
    ["escapes", `{"key":"\\u0041","b64":"${b64}"}`],
    ["no long string", '{"instances":[{"b64":"aGVsbG8="}]}'],
    ["a string without an end", `["${b64}`],
    ["many short strings", `[${'"a",'.repeat(40)}"${b64}"]`],
  ])("leaves a body with %s as it is", (_, text) => {
    expect(lift(text)).toBeUndefined();
  });
});
