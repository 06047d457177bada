import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { paintPicture } from "../src/bench/paint-picture.ts";
import { percentiles } from "../src/bench/percentiles.ts";
import { ServerProcess } from "../src/bench/server-process.ts";
import { processCpuMs } from "./cpu-meter.ts";
import { writeDetectAndClassify } from "./graphs/detect-and-classify.ts";
import { progress } from "./progress.ts";
import { textTable } from "./text-table.ts";

const HELP = `npm run bench:composition -- [options]

Detect, then classify each crop: a composed model in one request, against a client that asks the detector, cuts and
encodes the crops, and asks the classifier for each; and one that asks both models for each crop.

  --crops <n>    boxes in every picture (default 8)
  --clients <n>  requests at a time (default 16)
  --seconds <n>  each part, after a third of it as warm-up (default 10)
  --rounds <n>   how often the parts take turns (default 3)
  --server <file> the built server (default dist/bin.cjs)
`;

const SIZE = { height: 480, width: 640 };
const PICTURES = 16;

/** Asks for everything about one picture, and throws where the answer is not complete. */
type Ask = (jpeg: Buffer) => Promise<void>;

interface Way {
  readonly server: ServerProcess;
  readonly ask: Ask;
}

interface Figures {
  readonly perSecond: number;
  /** Of a picture: the server's, and this process's, which is the client. NaN where there is no /proc. */
  readonly serverCpuMs: number;
  readonly clientCpuMs: number;
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      crops: { type: "string", default: "8" },
      clients: { type: "string", default: "16" },
      seconds: { type: "string", default: "10" },
      rounds: { type: "string", default: "3" },
      server: { type: "string", default: "dist/bin.cjs" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [crops, clients, seconds] = [Number(values.crops), Number(values.clients), Number(values.seconds)];
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-composition-"));
  const stop = new AbortController();
  const agent = new Agent({ keepAlive: true });
  try {
    writeDetectAndClassify(folder, crops);
    const jpegs = await paintJpegs();
    const options = { entry: values.server, modelFolder: folder, signal: stop.signal };
    progress("starting the composed model, and its two models side by side");
    const composed = await ServerProcess.start(options);
    const separate = await ServerProcess.start({ ...options, holdsSeveral: true });
    const ways: Readonly<Record<string, Way>> = {
      "one request": { server: composed, ask: askComposed(agent, composed.port, crops) },
      "a request, and one for each crop": {
        server: separate,
        ask: askSeparately(agent, separate.port, crops),
      },
      "two requests for each crop": { server: separate, ask: askTwice(agent, separate.port, crops) },
    };
    const measured = await measure(ways, { jpegs, clients, seconds, rounds: Number(values.rounds) });
    process.stdout.write(report(measured, { crops, clients }));
    await Promise.all([composed.stop(), separate.stop()]);
  } finally {
    stop.abort();
    agent.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface MeasureOptions {
  readonly jpegs: readonly Buffer[];
  readonly clients: number;
  readonly seconds: number;
  readonly rounds: number;
}

type Measured = Readonly<Record<string, readonly Figures[]>>;

/** Returns the figures of each way, in each round: they take turns, so that the machine's moods fall on all. */
async function measure(ways: Readonly<Record<string, Way>>, options: MeasureOptions): Promise<Measured> {
  const measured = Object.fromEntries(Object.keys(ways).map((name): [string, Figures[]] => [name, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const figures = await measureWay(way, options);
      progress(`round ${round}, ${name}: ${figures.perSecond.toFixed(1)} pictures a second`);
      measured[name]?.push(figures);
    }
  }
  return measured;
}

async function measureWay(
  { server, ask }: Way,
  { jpegs, clients, seconds }: MeasureOptions,
): Promise<Figures> {
  const state = { isStopping: false, next: 0, answered: 0 };
  const client = async () => {
    while (!state.isStopping) {
      await ask(jpegs[state.next++ % jpegs.length] as Buffer);
      state.answered += 1;
    }
  };
  const watch = async () => {
    await sleep((seconds * 1000) / 3);
    const [before, startMs] = [state.answered, performance.now()];
    const [serverBefore, clientBefore] = [processCpuMs(server.pid), process.cpuUsage()];
    await sleep(seconds * 1000);
    const pictures = state.answered - before;
    const { user, system } = process.cpuUsage(clientBefore);
    const serverMs = (processCpuMs(server.pid) ?? Number.NaN) - (serverBefore ?? Number.NaN);
    const perSecond = (pictures / (performance.now() - startMs)) * 1000;
    state.isStopping = true;
    return { perSecond, serverCpuMs: serverMs / pictures, clientCpuMs: (user + system) / 1000 / pictures };
  };
  try {
    const [figures] = await Promise.all([watch(), ...Array.from({ length: clients }, client)]);
    return figures;
  } finally {
    state.isStopping = true;
  }
}

interface Found {
  readonly box: readonly [number, number, number, number];
}

function askComposed(agent: Agent, port: number, crops: number): Ask {
  return async (jpeg) => {
    const [answer] = await predict<{ classes: unknown[] }>(agent, port, "model", [jpeg]);
    if (answer?.classes.length !== crops) throw new Error(`not ${crops} classes: ${JSON.stringify(answer)}`);
  };
}

function askSeparately(agent: Agent, port: number, crops: number): Ask {
  return async (jpeg) => {
    const files = await cutCrops(jpeg, await detect(agent, port, jpeg, crops));
    await Promise.all(files.map((file) => predict(agent, port, "classifier", [file])));
  };
}

function askTwice(agent: Agent, port: number, crops: number): Ask {
  return async (jpeg) => {
    const crop = async (index: number) => {
      const boxes = await detect(agent, port, jpeg, crops);
      const [file] = await cutCrops(jpeg, boxes.slice(index, index + 1));
      await predict(agent, port, "classifier", [file as Buffer]);
    };
    await Promise.all(Array.from({ length: crops }, (_, i) => crop(i)));
  };
}

async function detect(agent: Agent, port: number, jpeg: Buffer, crops: number): Promise<readonly Found[]> {
  const [boxes = []] = await predict<readonly Found[]>(agent, port, "detector", [jpeg], "boxes");
  if (boxes.length !== crops) throw new Error(`not ${crops} boxes: ${JSON.stringify(boxes)}`);
  return boxes;
}

/** As a client cuts them: decoded once, each crop a JPEG of its own. */
async function cutCrops(jpeg: Buffer, boxes: readonly Found[]): Promise<Buffer[]> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const cut = ({ box: [x1, y1, x2, y2] }: Found) => {
    const [left, top] = [Math.round(x1), Math.round(y1)];
    const extent = { left, top, width: Math.round(x2) - left, height: Math.round(y2) - top };
    return sharp(data, { raw }).extract(extent).jpeg({ quality: 90 }).toBuffer();
  };
  return Promise.all(boxes.map(cut));
}

async function predict<Prediction>(
  agent: Agent,
  port: number,
  model: string,
  images: readonly Buffer[],
  signature?: string,
): Promise<readonly Prediction[]> {
  const instances = images.map((image) => ({ b64: image.toString("base64") }));
  const body = Buffer.from(JSON.stringify({ ...(signature && { signature_name: signature }), instances }));
  const path = `/v1/models/${model}:predict`;
  const text = await post({ agent, port, host: "127.0.0.1", path }, body);
  return (JSON.parse(text) as { predictions: readonly Prediction[] }).predictions;
}

function post(to: { agent: Agent; port: number; host: string; path: string }, body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...to, method: "POST", headers: { "Content-Length": body.length } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("error", reject);
      answer.once("end", () => {
        const text = Buffer.concat(chunks).toString();
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`status ${answer.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

function paintJpegs(): Promise<Buffer[]> {
  const raw = { ...SIZE, channels: 3 } as const;
  const paint = (_: unknown, seed: number) =>
    sharp(paintPicture(seed + 1, SIZE), { raw })
      .jpeg({ quality: 85 })
      .toBuffer();
  return Promise.all(Array.from({ length: PICTURES }, paint));
}

function report(
  measured: Measured,
  { crops, clients }: { readonly crops: number; readonly clients: number },
): string {
  const medians = Object.entries(measured).map(([name, figures]) => {
    const median = (key: keyof Figures) => percentiles(figures.map((one) => one[key])).p50Ms;
    return { name, rate: median("perSecond"), server: median("serverCpuMs"), client: median("clientCpuMs") };
  });
  const best = medians[0]?.rate ?? Number.NaN;
  const rows = medians.map(({ name, rate, server, client }) => {
    const times = (best / rate).toFixed(2);
    return [name, rate.toFixed(1), times, server.toFixed(1), client.toFixed(1)];
  });
  const head = [
    "",
    "pictures/s",
    "one request is times as fast",
    "server CPU-ms/picture",
    "client CPU-ms/picture",
  ];
  return `\n${textTable([head, ...rows])}\n\n${crops} crops, ${clients} clients; medians; Node ${process.version}\n`;
}

await main(process.argv.slice(2));
