import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "../errors.ts";
import { STATUS_OF_CODE } from "./status.ts";

interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly error: string;
}

const TOO_SLOW: Refusal = {
  status: STATUS_OF_CODE.REQUEST_TIMEOUT,
  code: "REQUEST_TIMEOUT",
  error: "the request did not arrive within RECEIVE_TIMEOUT_MS",
};
const LONG_HEAD: Refusal = {
  status: 431,
  code: "INVALID_ARGUMENT",
  error: "the request's head is larger than 16 KiB",
};
const MALFORMED: Refusal = {
  status: 400,
  code: "INVALID_ARGUMENT",
  error: "the request is not valid HTTP/1.1",
};

/** Answers what Node's HTTP parser refuses before there is a request, in the form of all other errors. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, ...body } = refusalOf(error.code);
  const text = JSON.stringify({ error: body.error, code: body.code });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}

function refusalOf(code: string | undefined): Refusal {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return TOO_SLOW;
  return code === "HPE_HEADER_OVERFLOW" ? LONG_HEAD : MALFORMED;
}
