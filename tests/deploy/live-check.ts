import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { ServerProcess } from "../../src/bench/server-process.ts";
import { freePorts } from "../docs/free-ports.ts";
import { GrpcClient } from "../support/grpc/grpc-client.ts";
import type { CheckContext, DeployCheck } from "./deploy-check.ts";
import { readDeployments } from "./deployments.ts";
import { dashboardQueries, readAlerts, readQueries } from "./queries.ts";
import { at, DEPLOY_DIR, readManifest } from "./read-manifest.ts";
import { findTool } from "./tool.ts";

const ENTRY = fileURLToPath(new URL("../../dist/bin.cjs", import.meta.url));
const MODEL_DIR = fileURLToPath(new URL("../../model_dir", import.meta.url));
const TEN_DIGITS = readFileSync(join(MODEL_DIR, "samples/ten.json"));
/** Long enough for two scrapes, a rate over them, and a busy machine. */
const PATIENCE_MS = 90_000;

/** Lets Prometheus scrape the built server under load, as the manifests set both up. */
export const LIVE_CHECK: DeployCheck = {
  name: "Prometheus finds what the dashboard, the alerts and KEDA ask for",
  missing: () => (findTool("prometheus") === undefined ? "no prometheus on the PATH" : undefined),
  run: async (context) => {
    const [prometheusPort = 0, grpcPort = 0] = await freePorts(2);
    const server = await startServer(grpcPort, context.signal);
    const prometheus = startPrometheus(context, { prometheusPort, serverPort: server.port });
    const load = new AbortController();
    const loaded = keepLoaded(server.url, grpcPort, AbortSignal.any([context.signal, load.signal]));
    try {
      const url = `http://127.0.0.1:${prometheusPort}`;
      const found = await findSeries(url, context.signal);
      await checkRules(url);
      load.abort();
      await loaded;
      await server.stop();
      await alertPending(url, "OnnxServingDown", context.signal);
      return found;
    } finally {
      load.abort();
      server.kill();
      prometheus.kill("SIGKILL");
      await once(prometheus, "exit");
    }
  },
};

/** With the environment that Compose gives it. */
function startServer(grpcPort: number, signal: AbortSignal): Promise<ServerProcess> {
  const { environment } = readDeployments().find(({ name }) => name === "compose") ?? { environment: {} };
  const launcher = ["env", ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  const flags = ["--device=cpu", `--grpc-port=${grpcPort}`];
  return ServerProcess.start({ entry: ENTRY, modelFolder: MODEL_DIR, flags, launcher, signal });
}

function startPrometheus(
  { folder, signal }: CheckContext,
  { prometheusPort, serverPort }: { prometheusPort: number; serverPort: number },
): ReturnType<typeof spawn> {
  const config = readManifest("monitoring/prometheus/prometheus.yml") as Record<string, unknown>;
  const [job] = at(config, "scrape_configs") as object[];
  const here = {
    ...config,
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [join(DEPLOY_DIR, "monitoring/prometheus/alerts.yml")],
    scrape_configs: [{ ...job, static_configs: [{ targets: [`127.0.0.1:${serverPort}`] }] }],
  };
  const file = join(folder, "prometheus.yml");
  writeFileSync(file, stringify(here));
  const flags = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, "prometheus")}`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
    "--log.level=error",
  ];
  const child = spawn("prometheus", flags, {
    stdio: ["ignore", "ignore", "inherit"],
    signal,
    killSignal: "SIGKILL",
  });
  child.on("error", () => {});
  return child;
}

/** Everything that clients do: digits, an error page, a body that is no JSON, a gRPC call. */
async function keepLoaded(url: string, grpcPort: number, signal: AbortSignal): Promise<void> {
  const bodies = [TEN_DIGITS, TEN_DIGITS, "<html></html>", "{"];
  const client = new GrpcClient(grpcPort);
  while (!signal.aborted) {
    await Promise.all([
      client.call("grpc.health.v1.Health/Check", {}),
      ...bodies.map((body) =>
        fetch(`${url}/analyze:predict`, { method: "POST", body }).then((one) => one.text()),
      ),
    ]);
    await sleep(50);
  }
  client.close();
}

interface Sample {
  readonly value: readonly [number, string];
}

/** Resolves when each expression has a number; an alert's own is only asked for, since it has none while all is well. */
async function findSeries(url: string, signal: AbortSignal): Promise<string> {
  const alerts = readAlerts().length;
  const wanted = [...dashboardQueries("10s"), ...readQueries().slice(-1)];
  let empty = wanted;
  for (
    const end = performance.now() + PATIENCE_MS;
    empty.length > 0;
    await sleep(500, undefined, { signal })
  ) {
    if (performance.now() > end) {
      throw new Error(
        `nothing for ${empty.map(({ where, expression }) => `${where}: ${expression}`).join("; ")}`,
      );
    }
    const found = await Promise.all(empty.map(({ expression }) => hasNumber(url, expression)));
    empty = empty.filter((_, i) => found[i] !== true);
  }
  return `${wanted.length} expressions, ${alerts} alerts`;
}

async function hasNumber(url: string, expression: string): Promise<boolean> {
  const samples = (await ask(url, `query?query=${encodeURIComponent(expression)}`)) as { result: Sample[] };
  return (samples?.result ?? []).some(({ value }) => Number.isFinite(Number(value[1])));
}

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state: string;
  readonly lastError?: string;
}

async function rules(url: string): Promise<Rule[]> {
  const { groups } = (await ask(url, "rules")) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

async function checkRules(url: string): Promise<void> {
  const all = await rules(url);
  if (all.length !== readAlerts().length) throw new Error(`Prometheus has ${all.length} alerts`);
  const bad = all.filter(({ health, state }) => health !== "ok" || state === "firing");
  if (bad.length > 0)
    throw new Error(bad.map((one) => `${one.name}: ${one.state} ${one.lastError}`).join("; "));
}

async function alertPending(url: string, alert: string, signal: AbortSignal): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(200, undefined, { signal })) {
    if ((await rules(url)).some(({ name, state }) => name === alert && state !== "inactive")) return;
    if (performance.now() > end) throw new Error(`the server is gone, and ${alert} does not notice`);
  }
}

/** Resolves with undefined while Prometheus does not answer yet. */
async function ask(url: string, path: string): Promise<unknown> {
  try {
    const answer = await fetch(`${url}/api/v1/${path}`);
    const { status, data, error } = (await answer.json()) as {
      status: string;
      data: unknown;
      error?: string;
    };
    if (status !== "success") throw new Error(`Prometheus: ${error}`);
    return data;
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
