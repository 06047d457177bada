import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { applyByteEdits, byteEdit } from "./byte-edits.ts";
import type { FuzzBody } from "./http-requests.ts";

type Encode = (body: Uint8Array) => Buffer;

/** What is said, and what is done; not all are true. */
const ENCODINGS: readonly (readonly [name: string, Encode])[] = [
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["GZIP ", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["br", brotliCompressSync],
  ["br", gzipSync],
  ["gzip", (body) => Buffer.concat([gzipSync(body), gzipSync(body)])],
  ["gzip", (body) => Buffer.concat([gzipSync(body), Buffer.from("tail")])],
  ["gzip", () => gzipSync(Buffer.alloc(2 ** 21))],
  ["br", () => brotliCompressSync(Buffer.alloc(2 ** 21, " "))],
  ["gzip, br", (body) => brotliCompressSync(gzipSync(body))],
];

/** Returns bodies with a Content-Encoding, about half of them damaged. */
export function encodedBodies(bodies: fc.Arbitrary<Buffer>): fc.Arbitrary<FuzzBody> {
  const edits = fc.option(fc.array(byteEdit, { minLength: 1, maxLength: 3 }), { nil: [], freq: 2 });
  return fc
    .record({ body: bodies, encoding: fc.constantFrom(...ENCODINGS), edits })
    .map(({ body, encoding: [name, encode], edits }) => ({
      headers: [["Content-Encoding", name]],
      body: applyByteEdits(encode(body), edits),
    }));
}
