import fc from "fast-check";
import { applyByteEdits, byteEdit } from "./byte-edits.ts";
import type { WireRequest } from "./wire-request.ts";

const JSON_BODY = '{"instances":[{"b64":"AAAA"}]}';
const POST = "POST /analyze:predict HTTP/1.1\r\nHost: localhost\r\n";

/** Requests that a server has to agree on with every proxy before it, and beginnings of other protocols. */
const SEEDS: readonly string[] = [
  `${POST}Content-Length: ${JSON_BODY.length}\r\n\r\n${JSON_BODY}`,
  `${POST}Content-Length: ${JSON_BODY.length}\r\nContent-Length: 3\r\n\r\n${JSON_BODY}`,
  `${POST}Content-Length: 3\r\n\r\n${JSON_BODY}`,
  `${POST}Content-Length: 3000\r\n\r\n${JSON_BODY}`,
  `${POST}Content-Length: 99999999999999999999\r\n\r\n${JSON_BODY}`,
  `${POST}Content-Length: -1\r\n\r\n${JSON_BODY}`,
  `${POST}Content-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n`,
  `${POST}Transfer-Encoding: chunked\r\n\r\n${chunk(JSON_BODY)}0\r\n\r\n`,
  `${POST}Transfer-Encoding: chunked\r\n\r\n${[...JSON_BODY].map(chunk).join("")}0\r\nTrailer: x\r\n\r\n`,
  `${POST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n${chunk(JSON_BODY)}0\r\n\r\n`,
  `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n${chunk(JSON_BODY)}0\r\n\r\n`,
  `${POST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n${JSON_BODY}`,
  `${POST}Transfer-Encoding: chunked\r\n\r\n5;${"e".repeat(20_000)}\r\nabcde\r\n0\r\n\r\n`,
  `${POST}Transfer-Encoding: chunked\r\n\r\n${JSON_BODY}`,
  "POST /analyze:predict HTTP/1.1\r\n\r\n",
  "GET /livez HTTP/1.0\r\n\r\n",
  "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "GET /livez HTTP/1.1\r\nHost:\r\n\r\n",
  "GET /livez HTTP/1.1\nHost: a\n\n",
  "GET /livez HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
  "GET /livez HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
  "GET /livez HTTP/1.1\r\nHost : a\r\nX\0Y: 1\r\n\r\n",
  "GET /livez HTTP/9.9\r\nHost: a\r\n\r\n",
  "GET /livez\r\n\r\n",
  "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n",
  "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
  `GET /livez HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(3000)}\r\n`,
  `GET /livez HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(20_000)}\r\n\r\n`,
  `GET /${"a".repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  "GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\nGET /analyze HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".repeat(40),
  `HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n${POST}Content-Length: 2\r\n\r\n{}`,
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0",
  "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
  "\r\n\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
];

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

const start = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...SEEDS).map((text) => Buffer.from(text, "latin1")) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
);
const edits = fc.option(fc.array(byteEdit, { minLength: 1, maxLength: 4 }), { nil: [], freq: 4 });

/** Bytes that are HTTP as far as chance lets them; each has a connection of its own. */
export const unframedRequest: fc.Arbitrary<WireRequest> = fc
  .record({ start, edits, hangsUp: fc.option(fc.constant(true), { nil: false, freq: 3 }) })
  .map(({ start, edits, hangsUp }) => ({
    label: "unframed",
    bytes: applyByteEdits(start, edits),
    isFramed: false,
    isHead: false,
    hangsUp,
  }));
