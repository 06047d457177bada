// Loads the built server, in a process of its own, in all the ways that bring servers down, and asks of it what
// docs/reliability.md promises. Prints each figure beside its bound.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeTiles } from "../../benchmark/tiles.ts";
import { BATCHING_CHECKS } from "./batching-checks.ts";
import { CHUNK_CHECKS } from "./chunk-checks.ts";
import { CONNECTION_CHECKS } from "./connection-checks.ts";
import { CPU_CHECKS } from "./cpu-checks.ts";
import { FigureSheet } from "./figure-sheet.ts";
import { LEAVING_CHECKS } from "./leaving-checks.ts";
import { LINE_CHECKS } from "./line-checks.ts";
import { OVERLOAD_CHECKS } from "./overload-checks.ts";
import { SLOW_CLIENT_CHECKS } from "./slow-client-checks.ts";
import { Skip, type StressCheck, type StressChecks, type StressContext } from "./stress-check.ts";

const HELP = `npm run test:stress -- [options]

  --seconds <n>   length of each load (default 60)
  --short         loads of 2 seconds, and only what does not depend on the machine's speed
  --only <text>   checks whose name holds it
`;

const CHECKS: StressChecks = {
  ...OVERLOAD_CHECKS,
  ...LEAVING_CHECKS,
  ...SLOW_CLIENT_CHECKS,
  ...LINE_CHECKS,
  ...CHUNK_CHECKS,
  ...CONNECTION_CHECKS,
  ...BATCHING_CHECKS,
  ...CPU_CHECKS,
};

/** Parts of the names of those that find who gets what, and not how soon. */
const SHORT = [
  "row whose",
  "queued clients leave",
  "while their inference runs",
  "each image a number",
  "same numbers",
  "lone request",
];

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    short: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});
const seconds = options.short ? 2 : Number(options.seconds);
const counts = { passed: 0, failed: 0, skipped: 0 };
const interrupt = new AbortController();

async function runCheck(name: string, check: StressCheck, base: Omit<StressContext, "sheet">): Promise<void> {
  const sheet = new FigureSheet({ judgesTimes: !options.short });
  const startMs = performance.now();
  const say = (outcome: keyof typeof counts, word: string, reason = "") => {
    counts[outcome] += 1;
    const took = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log([`${word} ${name}${reason} (${took} s)`, ...sheet.lines].join("\n"));
  };
  try {
    mkdirSync(base.folder);
    await check({ ...base, sheet });
    if (sheet.misses === 0) say("passed", "ok     ");
    else say("failed", "FAILED ");
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof Skip) say("skipped", "skipped", `: ${message}`);
    else say("failed", "FAILED ", `: ${message}`);
  }
}

async function main(): Promise<void> {
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  if (!(seconds > 0)) throw new Error(`--seconds: expected a number above 0, got "${options.seconds}"`);
  const workFolder = mkdtempSync(join(tmpdir(), "onnx-serving-stress-"));
  try {
    const tilesFolder = join(workFolder, "tiles");
    await writeTiles(tilesFolder, options.short ? 8 : 32);
    for (const [i, [name, check]] of Object.entries(CHECKS).entries()) {
      if (interrupt.signal.aborted) break;
      if (!name.includes(options.only)) continue;
      if (options.short && !SHORT.some((part) => name.includes(part))) continue;
      const folder = join(workFolder, String(i));
      await runCheck(name, check, { seconds, folder, tilesFolder, signal: interrupt.signal });
    }
  } finally {
    rmSync(workFolder, { recursive: true, force: true });
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  if (counts.failed > 0) process.exitCode = 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupt.abort(new Error(`stopped by ${signal}`)));
}
await main();
