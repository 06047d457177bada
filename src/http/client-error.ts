import { randomUUID } from "node:crypto";
import { type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "../errors.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import { LINGER_MS } from "./linger.ts";
import { isLong } from "./long-requests.ts";
import type { OpenAnswers } from "./open-answers.ts";
import { UNKNOWN_ROUTE } from "./routes.ts";
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
const LONG_CHUNK_EXTENSIONS: Refusal = {
  status: STATUS_OF_CODE.BODY_TOO_LARGE,
  code: "BODY_TOO_LARGE",
  error: "the chunk extensions of the body are larger than 16 KiB",
};
const MALFORMED: Refusal = {
  status: 400,
  code: "INVALID_ARGUMENT",
  error: "the request is not valid HTTP/1.1",
};

/** Each takes up to a millisecond. */
const ANSWERS_IN_TURN = 8;

export interface ClientErrorOptions extends Pick<ServingApi, "logger" | "metrics"> {
  /** Of the same server. */
  readonly openAnswers: Pick<OpenAnswers, "hasBegun">;
}

/** Answers what Node's HTTP parser refuses before there is a request, in the form of all other errors, and logs it as they are. */
export function answerClientErrors(
  server: Server,
  { logger, metrics, openAnswers }: ClientErrorOptions,
): void {
  const refuse = (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === "ECONNRESET" || !socket.writable || openAnswers.hasBegun(socket)) {
      socket.destroy();
      return;
    }
    const { status, code, error: message } = refusalOf(error.code);
    const requestId = randomUUID();
    const text = JSON.stringify({ error: message, code });
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `X-Request-Id: ${requestId}`,
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(text)}`,
      "Connection: close",
    ];
    socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
    // Nobody else looks at a client that does not close its side.
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
    metrics.errorAnswered(code);
    logger.info({ requestId, route: UNKNOWN_ROUTE, status, code, message }, "request");
  };
  const waiting: (() => void)[] = [];
  const nextTurn = () => {
    for (const answer of waiting.splice(0, ANSWERS_IN_TURN)) answer();
    if (waiting.length > 0) setImmediate(nextTurn);
  };
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && isLong(socket)) return;
    if (error.code !== "ERR_HTTP_REQUEST_TIMEOUT") {
      refuse(error, socket);
      return;
    }
    // Those whose time is over come all at once, when Node looks.
    if (waiting.push(() => refuse(error, socket)) === 1) setImmediate(nextTurn);
  });
}

function refusalOf(code: string | undefined): Refusal {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return TOO_SLOW;
    case "HPE_HEADER_OVERFLOW":
      return LONG_HEAD;
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return LONG_CHUNK_EXTENSIONS;
    default:
      return MALFORMED;
  }
}
