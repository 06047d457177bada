/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** By lower-case name; a repeated one's last value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface ParsedAnswers {
  readonly answers: readonly WireAnswer[];
  /** What follows the last whole answer. */
  readonly rest: Buffer;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) /;

/**
 * Returns the answers that `bytes` begins with; interim ones (100) are left out.
 *
 * @param isBodyless tells, of an answer with a Content-Length, that its body does not come: it answers a HEAD
 * @throws {Error} when the bytes are no HTTP/1.1, or an answer does not say its length.
 * @see RFC 9112 section 6.3
 */
export function parseAnswers(bytes: Buffer, isBodyless: (afterHead: Buffer) => boolean): ParsedAnswers {
  const answers: WireAnswer[] = [];
  let rest = bytes;
  for (let end = rest.indexOf(HEAD_END); end >= 0; end = rest.indexOf(HEAD_END)) {
    const head = parseHead(rest.toString("latin1", 0, end));
    const afterHead = rest.subarray(end + HEAD_END.length);
    if (head.status < 200) {
      rest = afterHead;
      continue;
    }
    const length = head.status === 204 || isBodyless(afterHead) ? 0 : contentLength(head.headers);
    if (afterHead.length < length) break;
    answers.push({ ...head, body: afterHead.subarray(0, length) });
    rest = afterHead.subarray(length);
  }
  return { answers, rest };
}

function parseHead(text: string): Pick<WireAnswer, "status" | "headers"> {
  const [first = "", ...lines] = text.split("\r\n");
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined)
    throw new Error(`expected a status line, got ${JSON.stringify(first.slice(0, 64))}`);
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers: new Map(headers) };
}

function contentLength(headers: WireAnswer["headers"]): number {
  const length = headers.get("content-length");
  if (length === undefined || !/^\d+$/.test(length)) throw new Error("the answer has no Content-Length");
  return Number(length);
}
