import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { digitPng } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { predict } from "../support/predict.ts";
import { ServingProcess } from "../support/serving-process.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

const SERVE_DIGITS = ["serve", "--port=0", "--host=127.0.0.1", `--model-dir=${DIGITS_DIR}`];
const BIN = fileURLToPath(new URL("../../dist/bin.cjs", import.meta.url));

/** As root, or as root of a user namespace. */
const UNSHARE = process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];

const noMounts = reasonForNoMounts();
if (noMounts !== undefined) console.log(`a full /tmp and missing cgroup files are not tried: ${noMounts}`);

function reasonForNoMounts(): string | undefined {
  const { error, status, stderr } = spawnSync(
    "unshare",
    [...UNSHARE, "mount", "-t", "tmpfs", "none", "/tmp"],
    {
      encoding: "utf8",
    },
  );
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim();
}

describe("where the system is short of something", () => {
  test("without a temporary folder: serves", async () => {
    const server = new ServingProcess(SERVE_DIGITS, { TMPDIR: "/nowhere", HOME: "/nowhere" });
    const url = await server.ready();
    expect((await request(`${url}/analyze:predict`, { body: digitPng(7) })).json).toEqual({
      prediction: "seven",
    });
  });

  test.skipIf(noMounts !== undefined).each([
    // Of its own: what is in the machine's stays, and is not seen.
    ["on a full /tmp", "mount -t tmpfs -o size=64k none /tmp; ! head -c 1M /dev/zero > /tmp/full 2>&-"],
    ["without /proc/self/cgroup", "mount --bind /dev/null /proc/$$/cgroup"],
    ["without /sys/fs/cgroup", "mount -t tmpfs none /sys/fs/cgroup"],
  ])("%s: serves", async (_, mounts) => {
    const launcher = ["unshare", ...UNSHARE, "sh", "-ec", `${mounts}\nexec "$0" "$@"`];
    const url = await new ServingProcess(SERVE_DIGITS, {}, { launcher }).ready();
    expect((await request(`${url}/analyze:predict`, { body: digitPng(7) })).json).toEqual({
      prediction: "seven",
    });
  });

  test("with 64 file descriptors: serves, or ends and says why", async () => {
    const { code, stdout, stderr } = await limited(64);
    if (stdout.includes("model loaded")) return;
    expect(code).toBe(1);
    // A line of its own, and perhaps lines of image workers that could not open theirs.
    expect(stderr).toMatch(/^(onnx-serving: .*EMFILE.*\n)+$/);
  });

  test("with more connections than file descriptors: takes new ones when others have gone", async () => {
    const server = await startLimited(256);
    const agent = new http.Agent({ keepAlive: true });
    const crowd = Array.from({ length: 400 }, () => request(`${server.url}/analyze`, { agent }));
    const outcomes = await Promise.allSettled(crowd);
    expect(outcomes.some(({ status }) => status === "fulfilled")).toBe(true);
    agent.destroy();
    await until(() =>
      request(`${server.url}/analyze:predict`, { body: digitPng(7) }).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    server.child.kill("SIGTERM");
    expect((await server.exited)[0]).toBe(0);
  });
});

describe("standard output", () => {
  const nobodysPipe = () => {
    const folder = mkdtempSync(join(tmpdir(), "onnx-serving-log-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    execFileSync("mkfifo", [join(folder, "fifo")]);
    // Opened for both, so that it is open at once; nobody ever reads.
    return openSync(join(folder, "fifo"), "r+");
  };

  test.each([
    ["that nobody reads", nobodysPipe],
    ["on a disk that is full", () => openSync("/dev/full", "w")],
  ])("%s does not keep the server from serving, nor from ending", async (_, open) => {
    const port = await freePort();
    const end = open();
    const child = spawn(
      process.execPath,
      [BIN, "serve", `--port=${port}`, "--host=127.0.0.1", `--model-dir=${DIGITS_DIR}`],
      {
        env: { PATH: process.env.PATH ?? "", DEVICE: "cpu", DRAIN_DELAY_MS: "0" },
        stdio: ["ignore", end, "pipe"],
      },
    );
    closeSync(end);
    const exited = once(child, "exit");
    onTestFinished(() => void child.kill("SIGKILL"));
    const url = `http://127.0.0.1:${port}`;
    await until(() => isReady(url));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    // Some 300 bytes of log each: more than a pipe holds.
    const answers = Array.from({ length: 500 }, () =>
      request(`${url}/none`, { agent, headers: { "X-Request-Id": "a".repeat(128) } }),
    );
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([404]));
    expect((await request(`${url}/analyze:predict`, { body: digitPng(7) })).status).toBe(200);
    agent.destroy();
    child.kill("SIGTERM");
    expect((await exited)[0]).toBe(0);
  });

  test("whose reader has left does not keep the server from serving", async () => {
    const server = new ServingProcess([...SERVE_DIGITS, "--drain-delay-ms=0"]);
    const url = await server.ready();
    server.child.stdout?.destroy();
    for (let i = 0; i < 20; i++) expect((await request(`${url}/none`)).status).toBe(404);
    server.child.kill("SIGTERM");
    await once(server.child, "exit");
    expect([server.child.exitCode, server.stderr]).toEqual([0, ""]);
  });
});

describe("a model file that is replaced while it is served", () => {
  test("changes neither the answers nor the sha256 of the one that was loaded", async () => {
    const folder = temporaryModelFolder({ "model.onnx": halfPlusTwo() });
    const server = new ServingProcess(["serve", "--port=0", "--host=127.0.0.1", `--model-dir=${folder}`]);
    const url = await server.ready();
    const describeModel = async () =>
      ((await request(`${url}/v1/models/model/metadata`)).json.onnx_serving as { sha256: string }).sha256;
    const before = await describeModel();
    writeFileSync(join(folder, "model.onnx"), readFileSync(join(DIGITS_DIR, "model.onnx")));
    expect((await predict(url, [1, 2, 5])).json).toEqual({ predictions: [2.5, 3, 4.5] });
    expect(await describeModel()).toBe(before);
    rmSync(join(folder, "model.onnx"));
    expect((await predict(url, [1])).status).toBe(200);
  });
});

describe("an error that nobody caught", () => {
  test.each([
    ["an exception", `setTimeout(() => { throw new Error("injected"); });`],
    ["a rejection", `Promise.reject(new Error("injected"));`],
    ["a rejection with something else", `Promise.reject("injected");`],
  ])("%s: is logged, the server drains and ends with 1", async (_, fault) => {
    const dist = (file: string) => JSON.stringify(new URL(`../../dist/${file}`, import.meta.url).href);
    const program = `
      const { parseSettings } = await import(${dist("config/parse-settings.js")});
      const { serve } = await import(${dist("serve.js")});
      const settings = parseSettings(${JSON.stringify(SERVE_DIGITS.slice(1))}, {});
      await serve({ settings, cpus: 2, cuda: { devices: [0], areNamed: false } });
      process.on("SIGUSR2", () => { ${fault} });
      process.stdout.write("armed\\n");
    `;
    const folder = temporaryModelFolder({ "program.mjs": program });
    const child = spawn(process.execPath, [join(folder, "program.mjs")], {
      env: { PATH: process.env.PATH ?? "", ORT_DISABLE_TELEMETRY: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let log = "";
    child.stdout.on("data", (chunk) => {
      log += chunk;
    });
    const exited = once(child, "close");
    while (!log.includes("armed\n")) {
      if (child.exitCode !== null) throw new Error(log);
      await Promise.race([once(child.stdout, "data"), exited]);
    }
    const port = /"port":(\d+)/.exec(log)?.[1];
    const outcomes: (number | string)[] = [];
    const client = async () => {
      while (outcomes.at(-1) === undefined || outcomes.at(-1) === 200) {
        const answer = request(`http://127.0.0.1:${port}/analyze:predict`, { body: digitPng(7) });
        outcomes.push(
          await answer.then(
            ({ status }) => status,
            (error: NodeJS.ErrnoException) => error.code ?? "unknown",
          ),
        );
      }
    };
    const clients = [client(), client(), client()];
    while (outcomes.length < 10) await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGUSR2");
    await Promise.all(clients);
    // Answered, refused, or too late: nobody is cut off.
    expect(outcomes.filter((one) => one !== 200 && one !== 503 && one !== "ECONNREFUSED")).toEqual([]);
    expect((await exited)[0]).toBe(1);
    expect(log).toMatch(/"level":"fatal".*injected/);
  });
});

/** Runs the server with so many descriptors until it ends, or has loaded the model. */
async function limited(descriptors: number) {
  const child = spawnLimited(descriptors, 0);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
    if (stdout.includes("model loaded")) child.kill("SIGTERM");
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  return { code: code as number | null, stdout, stderr };
}

async function startLimited(descriptors: number) {
  const port = await freePort();
  const child = spawnLimited(descriptors, port);
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  await until(() => isReady(url));
  return { child, url, exited };
}

function spawnLimited(descriptors: number, port: number) {
  const command = `ulimit -n ${descriptors}; exec "$0" "$@"`;
  const args = [BIN, "serve", `--port=${port}`, "--host=127.0.0.1", `--model-dir=${DIGITS_DIR}`];
  const child = spawn("sh", ["-c", command, process.execPath, ...args], {
    env: { PATH: process.env.PATH ?? "", DEVICE: "cpu", DRAIN_DELAY_MS: "0", LOG_LEVEL: "info" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function isReady(url: string): Promise<boolean> {
  return request(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
