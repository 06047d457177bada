import fc from "fast-check";
import { applyByteEdits, byteEdit } from "./byte-edits.ts";
import type { FuzzBody } from "./http-requests.ts";

const BOUNDARIES = [
  "x",
  "----WebKitFormBoundary7MA4YWxkTrZu0gW",
  "a b",
  "'",
  "b".repeat(70),
  "b".repeat(300),
];

const PART_HEADS: readonly string[] = [
  'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png',
  'Content-Disposition: form-data; name="file"; filename="a.png"',
  'Content-Disposition: form-data; name="file"',
  'Content-Disposition: form-data; filename="a.png"',
  "Content-Disposition: form-data; name*=utf-8''%e2%82; filename*=utf-8''%ff%",
  'Content-Disposition: attachment; name="__proto__"; filename="../../a"',
  "Content-Type: application/octet-stream",
  "Content-Transfer-Encoding: base64",
  `X: ${"y".repeat(20_000)}`,
  "no colon",
  "",
];

/** Returns forms of no part, one or many, about half of them damaged. */
export function multipartBodies(image: fc.Arbitrary<Buffer>): fc.Arbitrary<FuzzBody> {
  const heads = fc.oneof(
    { weight: 4, arbitrary: fc.constant(PART_HEADS[0] as string) },
    fc.constantFrom(...PART_HEADS),
  );
  const parts = fc.array(fc.record({ head: heads, content: image }), { maxLength: 3 });
  const edits = fc.option(fc.array(byteEdit, { minLength: 1, maxLength: 3 }), { nil: [], freq: 2 });
  return fc
    .record({
      parts: fc.oneof({ weight: 3, arbitrary: parts.map((list) => list.slice(0, 1)) }, parts),
      times: fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, fc.constant(200)),
      boundary: fc.oneof({ weight: 4, arbitrary: fc.constant("x") }, fc.constantFrom(...BOUNDARIES)),
      isQuoted: fc.boolean(),
      isEnded: fc.option(fc.constant(false), { nil: true, freq: 2 }),
      edits,
    })
    .map(({ parts, times, boundary, isQuoted, isEnded, edits }) => {
      const written = parts.flatMap(({ head, content }) => [
        Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
        content,
        Buffer.from("\r\n"),
      ]);
      const all = new Array<Buffer[]>(times).fill(written).flat();
      const whole = Buffer.concat([...all, Buffer.from(isEnded ? `--${boundary}--\r\n` : "")]);
      const said = isQuoted ? `"${boundary}"` : boundary;
      return {
        headers: [["Content-Type", `multipart/form-data; boundary=${said}`]],
        body: applyByteEdits(whole, edits),
      };
    });
}
