import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "../docs/free-ports.ts";
import { ShellServer } from "../docs/shell-server.ts";
import type { Tally } from "../images/tally.ts";
import type { PythonEnvironment } from "../support/python-environment.ts";

export interface TestScriptsOptions {
  readonly tally: Tally;
  readonly environment: PythonEnvironment;
  /** A clone of chip-n-scale's repository, whose Lambda is run. */
  readonly chipNScale: string | undefined;
  readonly signal: AbortSignal;
}

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const AIP = "/v1/endpoints/1/deployedModels/2";

/** Runs the test_*.py beside this file with pytest, against a server of the digits that has every port and route. */
export async function testScripts(options: TestScriptsOptions): Promise<void> {
  const { chipNScale, signal } = options;
  const [http, grpc] = await freePorts(2);
  const server = await ShellServer.start({
    command: "exec node dist/bin.cjs serve",
    folder: ROOT,
    variables: {
      HOST: "127.0.0.1",
      PORT: String(http),
      GRPC_PORT: String(grpc),
      AIP_HEALTH_ROUTE: AIP,
      AIP_PREDICT_ROUTE: `${AIP}:predict`,
      DRAIN_DELAY_MS: "0",
    },
    signal,
  });
  const where = ["--rest-url", `http://127.0.0.1:${http}`, "--grpc-address", `127.0.0.1:${grpc}`];
  const more = chipNScale === undefined ? [] : ["--chip-n-scale", chipNScale];
  try {
    // Each in a process of its own: tritonclient and KServe's SDK register messages of the same names.
    for (const file of readdirSync(HERE).filter((name) => /^test_.*\.py$/.test(name))) {
      await runPytest(join(HERE, file), [...where, ...more], options);
    }
  } finally {
    await server.stop();
  }
}

async function runPytest(file: string, more: readonly string[], options: TestScriptsOptions): Promise<void> {
  const { tally, environment, signal } = options;
  const work = mkdtempSync(join(tmpdir(), "onnx-serving-pytest-"));
  try {
    const report = join(work, "report.xml");
    const flags = ["-q", "-rs", "--tb=short", "-p", "no:cacheprovider", `--junit-xml=${report}`];
    const pytest = spawn(environment.python, ["-m", "pytest", file, ...flags, ...more], {
      cwd: ROOT,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
      stdio: "inherit",
      signal,
    });
    const [code] = await once(pytest, "exit");
    if (existsSync(report)) addCounts(tally, readFileSync(report, "utf8"));
    else if (environment.missing.some((one) => one.startsWith("pytest"))) tally.skip(file, "no pytest");
    else tally.fail(file, `pytest ended with ${code}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** pytest has printed each of them. */
function addCounts({ counts }: Tally, report: string): void {
  const count = (name: string) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(report)?.[1]);
  const [failed, skipped] = [count("failures") + count("errors"), count("skipped")];
  counts.failed += failed;
  counts.skipped += skipped;
  counts.passed += count("tests") - failed - skipped;
}
