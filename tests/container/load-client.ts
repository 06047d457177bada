// Posts one digit over and over to the server beside it, until nobody listens there any more, and prints what
// came of it as one line of JSON. Runs inside the server's network, where no proxy stands between: Node's own type
// stripping loads it, so it imports nothing but Node.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";

export interface LoadReport {
  /** How many requests ended with each status, or with which error. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How many of the answers said `Connection: close`, as those of a server that stops do. */
  readonly closing: number;
}

const KEEP_ALIVE_CLIENTS = 6;
const FRESH_CLIENTS = 2;
const LONGEST_MS = 60_000;

const body = JSON.stringify({
  instances: [{ b64: readFileSync("/models/model/samples/7.png").toString("base64") }],
});
const outcomes: Record<string, number> = {};
let closing = 0;

function post(agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port: 8501, path: "/analyze:predict", method: "POST", agent };
    const call = request({ ...options, headers: { "Content-Length": Buffer.byteLength(body) } }, (answer) => {
      if (answer.headers.connection === "close") closing += 1;
      answer.on("error", (error: NodeJS.ErrnoException) =>
        resolve(`cut off: ${error.code ?? error.message}`),
      );
      answer.on("end", () => resolve(String(answer.statusCode)));
      answer.resume();
    });
    call.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    call.end(body);
  });
}

async function client(keepAlive: boolean): Promise<void> {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  const end = performance.now() + LONGEST_MS;
  let outcome: string;
  do {
    outcome = await post(agent);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  } while (outcome !== "ECONNREFUSED" && performance.now() < end);
}

await Promise.all([
  ...Array.from({ length: KEEP_ALIVE_CLIENTS }, () => client(true)),
  ...Array.from({ length: FRESH_CLIENTS }, () => client(false)),
]);
process.stdout.write(`${JSON.stringify({ outcomes, closing } satisfies LoadReport)}\n`);
