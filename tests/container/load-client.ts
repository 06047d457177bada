// Posts digits over and over to the server beside it, until nobody listens there any more, and prints what came of
// it as one line of JSON. Runs inside the server's network, where no proxy stands between: Node's own type
// stripping loads it, so it imports nothing but Node.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";

export interface LoadReport {
  /** How many requests ended with each status, or with which error. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How many of the answers said `Connection: close`, as those of a server that stops do. */
  readonly closing: number;
  /** Requests that broke off: how long after they were sent, and how long before the first refused connection. */
  readonly broken: readonly { readonly ageMs: number; readonly beforeClosedMs: number }[];
}

const LONGEST_MS = 60_000;
/** Instances in a request of each client: many small ones, and some that outlast the closing of the port. */
const CLIENTS = [
  ...Array.from({ length: 6 }, () => ({ instances: 1, keepAlive: true })),
  ...Array.from({ length: 2 }, () => ({ instances: 1, keepAlive: false })),
  ...Array.from({ length: 2 }, () => ({ instances: 300, keepAlive: true })),
];

const instance = { b64: readFileSync("/models/model/samples/7.png").toString("base64") };
const outcomes: Record<string, number> = {};
let closing = 0;
let closedAt = Number.POSITIVE_INFINITY;
const broken: { ageMs: number; at: number }[] = [];

function post(agent: Agent, body: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port: 8501, path: "/analyze:predict", method: "POST", agent };
    const call = request({ ...options, headers: { "Content-Length": Buffer.byteLength(body) } }, (answer) => {
      if (answer.headers.connection === "close") closing += 1;
      answer.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      answer.on("end", () => resolve(String(answer.statusCode)));
      answer.resume();
    });
    call.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    call.end(body);
  });
}

async function client(instances: number, keepAlive: boolean): Promise<void> {
  const agent = new Agent({ keepAlive, maxSockets: 1 });
  const body = JSON.stringify({ instances: Array.from({ length: instances }, () => instance) });
  const end = performance.now() + LONGEST_MS;
  let outcome: string;
  do {
    const start = performance.now();
    outcome = await post(agent, body);
    const now = performance.now();
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (outcome === "ECONNREFUSED") closedAt = Math.min(closedAt, now);
    else if (!/^\d+$/.test(outcome)) broken.push({ ageMs: now - start, at: now });
  } while (outcome !== "ECONNREFUSED" && performance.now() < end);
}

await Promise.all(CLIENTS.map(({ instances, keepAlive }) => client(instances, keepAlive)));
const report: LoadReport = {
  outcomes,
  closing,
  broken: broken.map(({ ageMs, at }) => ({ ageMs, beforeClosedMs: closedAt - at })),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
