import { type Agent, request } from "node:http";
import { WIRES, type WireName, type WireRequest } from "./wires.ts";

export interface AskOptions {
  readonly agent: Agent;
  readonly port: number;
  readonly wire: WireName;
  readonly request: WireRequest;
  /** How many tiles the request holds. */
  readonly tiles: number;
}

/** An answer that is not 200. */
export class StatusError extends Error {
  readonly status: number;
  readonly retryAfter: string | undefined;

  constructor({ status, retryAfter, text }: Answer) {
    super(`status ${status}, in the answer: ${text.slice(0, 200)}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * Sends a request to a server on this machine and returns the class of each of its tiles, in order.
 *
 * @throws {StatusError} when the answer is not 200.
 * @throws {Error} when it has not one class for each tile.
 */
export async function askClasses(options: AskOptions): Promise<number[]> {
  const answer = await post(options);
  if (answer.status !== 200) throw new StatusError(answer);
  const { failedInstances, text } = answer;
  const wrong = (what: string) => new Error(`${what}, in the answer: ${text.slice(0, 200)}`);
  if (failedInstances !== undefined) throw wrong(`failed instances ${failedInstances}`);
  const classes = WIRES[options.wire].classes(text);
  if (classes.length !== options.tiles)
    throw wrong(`${classes.length} predictions for ${options.tiles} tiles`);
  if (classes.some(Number.isNaN)) throw wrong("a prediction is not a class");
  return classes;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly failedInstances: string | string[] | undefined;
  readonly text: string;
}

function post({ agent, port, wire, request: { headers, body } }: AskOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        port,
        host: "127.0.0.1",
        method: "POST",
        path: WIRES[wire].path,
        headers: { ...headers, "Content-Length": body.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const { "x-failed-instances": failedInstances, "retry-after": retryAfter } = response.headers;
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, retryAfter, failedInstances, text });
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
