import { Agent, request } from "node:http";
import { type Percentiles, percentiles } from "./percentiles.ts";
import { requestBodies } from "./request-bodies.ts";

export interface LoadOptions {
  readonly port: number;
  readonly tilesFolder: string;
  readonly tilesPerRequest: number;
  /** Clients that each send the next request when the last one is answered, on a connection of their own. */
  readonly clients: number;
  /** How long the load goes on before it is measured. */
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface LoadFigures {
  /** A request that the measured part cuts counts for the share of its time that lies inside. */
  readonly images: number;
  readonly imagesPerSecond: number;
  /** From a request's first byte to its answer's last one; of the requests answered in the measured part. */
  readonly latency: Percentiles;
  /** CPU time of the client itself, which shares the cores with the server. */
  readonly clientCpuMsPerImage: number;
}

/**
 * Loads a server with requests without a Content-Type, and counts what is answered in the measured part.
 * The load neither starts nor stops with it: `notify` says when it begins ("begin") and ends ("end").
 *
 * @throws {Error} at the first answer that is not 200 with one prediction for each tile.
 */
export async function runLoad(options: LoadOptions, notify: (text: string) => void): Promise<LoadFigures> {
  const { port, clients, tilesPerRequest, warmupSeconds, seconds } = options;
  const bodies = requestBodies(options.tilesFolder, tilesPerRequest);
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const state = { isStopping: false, next: 0 };
  const exchanges: Span[] = [];
  const client = async () => {
    while (!state.isStopping) {
      const body = bodies[state.next++ % bodies.length] as Buffer;
      const startMs = performance.now();
      checkAnswer(await post(agent, port, body), tilesPerRequest);
      exchanges.push({ startMs, endMs: performance.now() });
    }
  };
  const measure = async () => {
    await sleep(warmupSeconds * 1000);
    notify("begin");
    const [startMs, cpuBefore] = [performance.now(), process.cpuUsage()];
    await sleep(seconds * 1000);
    const [endMs, cpu] = [performance.now(), process.cpuUsage(cpuBefore)];
    notify("end");
    state.isStopping = true;
    return { startMs, endMs, cpuMs: (cpu.user + cpu.system) / 1000 };
  };
  try {
    const [measured] = await Promise.all([measure(), ...Array.from({ length: clients }, client)]);
    const { startMs, endMs, cpuMs } = measured;
    const images = tilesPerRequest * exchanges.reduce((sum, span) => sum + shareWithin(span, measured), 0);
    const answered = exchanges.filter((span) => span.endMs >= startMs && span.endMs < endMs);
    return {
      images,
      imagesPerSecond: (images / (endMs - startMs)) * 1000,
      latency: percentiles(answered.map((span) => span.endMs - span.startMs)),
      clientCpuMsPerImage: cpuMs / images,
    };
  } finally {
    state.isStopping = true;
    agent.destroy();
  }
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Returns which share of `span` lies within `outer`: without it, a few long requests make a coarse count. */
function shareWithin(span: Span, outer: Span): number {
  const insideMs = Math.min(span.endMs, outer.endMs) - Math.max(span.startMs, outer.startMs);
  return Math.max(0, insideMs) / (span.endMs - span.startMs);
}

interface Answer {
  readonly status: number | undefined;
  readonly failedInstances: string | string[] | undefined;
  readonly text: string;
}

function post(agent: Agent, port: number, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Length": body.length };
    const options = { agent, port, host: "127.0.0.1", method: "POST", path: "/analyze:predict", headers };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const failedInstances = response.headers["x-failed-instances"];
        resolve({ status: response.statusCode, failedInstances, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function checkAnswer({ status, failedInstances, text }: Answer, expected: number): void {
  const wrong = (what: string) => new Error(`${what}, in the answer: ${text.slice(0, 200)}`);
  if (status !== 200) throw wrong(`status ${status}`);
  if (failedInstances !== undefined) throw wrong(`failed instances ${failedInstances}`);
  const { predictions } = JSON.parse(text) as { predictions?: unknown[] };
  if (predictions?.length !== expected)
    throw wrong(`${predictions?.length} predictions for ${expected} tiles`);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
