import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { percentiles } from "../src/bench/percentiles.ts";
import { processCpuMs } from "./cpu-meter.ts";

const HELP = `npm run bench:cold-start -- [options] [built server ...]

  --runs <n>           starts of each server (default 10)
  --model-dir <folder> model to load (default model_dir)

Several servers take turns, so that what else the machine does falls on all alike. Default: dist/bin.cjs
`;

/** From the start of a process, in milliseconds. CPU: all its threads, user and system, in steps of 10. */
interface Start {
  readonly boundMs: number;
  readonly boundCpuMs: number;
  readonly readyMs: number;
  readonly readyCpuMs: number;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runs: { type: "string", default: "10" },
      "model-dir": { type: "string", default: "model_dir" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const entries = positionals.length === 0 ? ["dist/bin.cjs"] : positionals;
  const starts = entries.map((entry) => ({ entry, measured: [] as Start[] }));
  for (let run = 0; run < Number(values.runs); run++) {
    for (const { entry, measured } of starts) measured.push(await measureStart(entry, values["model-dir"]));
  }
  process.stdout.write("| Server | port bound, ms | CPU | ready, ms | CPU |\n|---|---|---|---|---|\n");
  for (const { entry, measured } of starts) {
    const cell = (key: keyof Start) => {
      const values = measured.map((start) => start[key]);
      return `${Math.round(percentiles(values).p50Ms)} (${Math.round(Math.min(...values))})`;
    };
    const cells = [entry, cell("boundMs"), cell("boundCpuMs"), cell("readyMs"), cell("readyCpuMs")];
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
  }
  process.stdout.write(`median (minimum) of ${values.runs}; Node ${process.version}\n`);
}

/** Starts a server and ends it once it is ready. */
async function measureStart(entry: string, modelDir: string): Promise<Start> {
  const port = await freePort();
  const startMs = performance.now();
  const flags = ["--host=127.0.0.1", `--port=${port}`, `--model-dir=${modelDir}`];
  const child = spawn(process.execPath, [entry, "serve", ...flags], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exit = once(child, "exit");
  const look = () => ({
    ms: performance.now() - startMs,
    cpuMs: processCpuMs(child.pid as number) ?? Number.NaN,
  });
  try {
    await until(() => accepts(port), child);
    const bound = look();
    await until(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200, child);
    const ready = look();
    return { boundMs: bound.ms, boundCpuMs: bound.cpuMs, readyMs: ready.ms, readyCpuMs: ready.cpuMs };
  } finally {
    child.kill("SIGKILL");
    await exit;
  }
}

async function until(
  isTrue: () => Promise<boolean>,
  child: { readonly exitCode: number | null },
): Promise<void> {
  while (!(await isTrue())) {
    if (child.exitCode !== null)
      throw new Error(`the server ended with ${child.exitCode} before it was ready`);
    await sleep(2);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`cold start: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
