// Loads a server for half an hour with all that clients send, and looks whether what it holds stays the same.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countCores } from "../count-cores.ts";
import { fixed } from "../fixed.ts";
import { describeMachine } from "../machine.ts";
import { progress } from "../progress.ts";
import { describeRun } from "../report.ts";
import { measureSoak, type SoakFigures } from "./measure-soak.ts";
import type { RssSample } from "./rss-sampler.ts";
import type { ServerState } from "./server-state.ts";
import { settledSlope, soakChecks } from "./soak-checks.ts";
import { HELP, parseSoakOptions } from "./soak-options.ts";

async function main(args: readonly string[]): Promise<void> {
  const options = parseSoakOptions(args);
  if (options.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  // As in the containers; the server and the session alone both find it in their environment.
  process.env.MALLOC_ARENA_MAX ??= "2";
  const cores = countCores();
  const command = `MALLOC_ARENA_MAX=${process.env.MALLOC_ARENA_MAX} npm run test:soak -- ${args.join(" ")}`;
  print(describeRun({ command, date: new Date().toISOString(), machine: describeMachine(cores) }).join("\n"));
  print(`seed ${options.seed}`);
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => interrupt.abort(new Error(`stopped by ${name}`)));
  const { signal } = interrupt;
  const workFolder = mkdtempSync(join(tmpdir(), "onnx-serving-soak-"));
  try {
    report(
      await measureSoak({ ...options, workFolder, cores, signal, onProgress: progress, onState: printState }),
    );
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
}

function printState(when: string, state: ServerState, counts: ReadonlyMap<string, number>): void {
  const memory = `RSS ${fixed(state.rssMib, 0)}, heap ${fixed(state.heapUsedMib, 1)}, external ${fixed(state.externalMib, 1)}, array buffers ${fixed(state.arrayBuffersMib, 1)} MiB`;
  const held = `${state.descriptors} descriptors, ${state.threads} threads, ${state.handles} handles`;
  const answers = [...counts].sort().map(([what, count]) => `${what} ${count}`);
  print(`${when}: ${memory}; ${held}; loop late p99 ${fixed(state.lagP99Ms, 1)} ms; ${answers.join(", ")}`);
}

function report(figures: SoakFigures): void {
  const { mibPerMinute, marginMibPerMinute } = settledSlope(figures);
  const { capacityPerSecond, offeredPerSecond, rss, saturatedRss } = figures;
  print(`offered ${fixed(offeredPerSecond, 1)} of ${fixed(capacityPerSecond, 1)} requests/s`);
  print(`resident memory under load: ${describeRss(rss)}; saturated: ${describeRss(saturatedRss)}`);
  print(
    `slope after settling: ${fixed(mibPerMinute, 3)} ± ${fixed(marginMibPerMinute, 3)} MiB a minute (95 %)`,
  );
  for (const fault of figures.faults) print(`wrong: ${fault}`);
  const checks = soakChecks(figures);
  for (const { name, passed, figure } of checks) {
    const word = passed === undefined ? "skipped" : passed ? "ok     " : "FAILED ";
    print(`${word} ${name}: ${figure}`);
  }
  const count = (passed: boolean | undefined) => checks.filter((one) => one.passed === passed).length;
  print(`${count(true)} passed, ${count(false)} failed, ${count(undefined)} skipped`);
  if (count(false) > 0) process.exitCode = 1;
}

function describeRss(samples: readonly RssSample[]): string {
  const values = samples.map(({ mib }) => mib);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return `first ${fixed(values[0], 0)}, last ${fixed(values.at(-1), 0)}, mean ${fixed(mean, 0)}, largest ${fixed(Math.max(...values), 0)} MiB`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`soak: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
