import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { ERROR_CODES, type ErrorCode } from "../../src/errors.ts";
import { STATUS_OF_CODE } from "../../src/http/status.ts";
import type { WireAnswer } from "./parse-answers.ts";

/** 431 is Node's own limit of a head, which has no code of its own. */
const HEAD_TOO_LARGE = 431;

/** What a caller may have asked for in the place of JSON. */
const OTHER_FORMS = [
  "text/plain",
  "application/x-ndjson",
  "application/x-npy",
  "application/octet-stream",
  "image/png",
];

/** What the server may fail with when nothing is wrong with it. */
const BUSY: ReadonlySet<string> = new Set<ErrorCode>(["QUEUE_FULL", "DEADLINE_EXCEEDED"]);

const MAX_ECHOED_CHARACTERS = 64;

/** A stack's lines, and places that only the server knows. */
const LEAKS = /\n\s+at |node:internal|node_modules|\/dist\/|file:\/\/\/|\.[cm]?[jt]s:\d+/;

/**
 * Holds an answer against docs/errors.md.
 *
 * @param isHead the answer has no body
 * @throws {Error} in one line that says what is wrong with it.
 */
export function judgeAnswer(answer: WireAnswer, sent: Buffer, isHead: boolean): void {
  const { status, headers } = answer;
  if (!headers.has("x-request-id")) throw new Error(`${status} without X-Request-Id`);
  if (isHead) {
    if (status >= 500) throw new Error(`${status} for a HEAD`);
    return;
  }
  if (status === 204) return;
  const type = headers.get("content-type") ?? "none";
  if (status === 200 && OTHER_FORMS.some((form) => type.startsWith(form))) return;
  if (!type.startsWith("application/json")) throw new Error(`${status} of Content-Type ${type}`);
  const body = parseObject(answer);
  if (status === 200) judgeGood(body);
  else judgeError(status, body);
  judgeErrors(body, sent.toString("utf8"));
}

function parseObject({ status, headers, body }: WireAnswer): Record<string, unknown> {
  const text = decoded(headers.get("content-encoding"), body).toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new Error(`${status} whose body is no JSON object: ${JSON.stringify(text.slice(0, 64))}`);
}

function decoded(encoding: string | undefined, body: Buffer): Buffer {
  if (encoding === undefined) return body;
  return encoding === "br" ? brotliDecompressSync(body) : gunzipSync(body);
}

function judgeGood(body: Record<string, unknown>): void {
  const errors = Array.isArray(body.errors) ? (body.errors as { code?: unknown; message?: unknown }[]) : [];
  for (const { code, message } of errors) {
    const status = STATUS_OF_CODE[code as ErrorCode] ?? 500;
    if (status >= 500) throw new Error(`an instance failed with ${code}: ${message}`);
  }
}

/** In the form of the dialect whose route it is. */
function judgeError(status: number, body: Record<string, unknown>): void {
  if (typeof body.code === "number") judgeTorchServe(status, body);
  else if ("detail" in body) judgeFlash(status, body);
  else judgeOwn(status, body);
}

function judgeTorchServe(status: number, { code, type, message }: Record<string, unknown>): void {
  if (typeof message !== "string" || message === "") throw new Error(`${status} without a message`);
  if (typeof type !== "string" || !type.endsWith("Exception")) throw new Error(`${status} of type ${type}`);
  if (code !== status) throw new Error(`${status} with the code ${code}`);
  if (status === 500) throw new Error(`${status}: ${message}`);
}

function judgeFlash(status: number, { detail }: Record<string, unknown>): void {
  if (detail === "" || (Array.isArray(detail) && detail.length === 0))
    throw new Error(`${status} without a detail`);
  if (status === 500) throw new Error(`${status}: ${JSON.stringify(detail)}`);
}

function judgeOwn(status: number, { error, code }: Record<string, unknown>): void {
  if (typeof error !== "string" || error === "") throw new Error(`${status} without a sentence`);
  if (!ERROR_CODES.includes(code as ErrorCode)) throw new Error(`${status} with the code ${code}`);
  const expected = STATUS_OF_CODE[code as ErrorCode];
  if (status >= 500 && !BUSY.has(code as string)) throw new Error(`${status} ${code}: ${error}`);
  // Of a batch whose instances all failed it is the first one's.
  const isBatch = status === 400 && code === "IMAGE_TOO_LARGE";
  if (status !== expected && status !== HEAD_TOO_LARGE && !isBatch)
    throw new Error(`${status} with ${code}, which is ${expected}`);
}

/** All sentences in an answer: its own, and those of its instances. */
function judgeErrors(value: unknown, sent: string): void {
  const errors = (value as { errors?: unknown }).errors;
  const list = Array.isArray(errors) ? errors : [];
  for (const { error, message = error } of [value as { error?: unknown; message?: unknown }, ...list]) {
    if (typeof message !== "string") continue;
    const leak = LEAKS.exec(message)?.[0];
    if (leak !== undefined && !sent.includes(leak)) {
      throw new Error(`a sentence shows the inside of the server: ${message}`);
    }
    const echo = longEcho(message, sent);
    if (echo !== undefined)
      throw new Error(`a sentence repeats more than 64 characters: ${message.slice(0, 200)}`);
  }
}

/** Returns a part of the sentence that stands in what was sent and is longer than it may be. */
function longEcho(message: string, sent: string): string | undefined {
  const length = MAX_ECHOED_CHARACTERS + 1;
  for (let at = 0; at + length <= message.length; at++) {
    const part = message.slice(at, at + length);
    if (sent.includes(part)) return part;
  }
  return undefined;
}
