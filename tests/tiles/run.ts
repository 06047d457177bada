// Runs the built `onnx-serving tiles` against a local host of tiles with faults, a real Postgres and an emulator of SQS, kills
// it, and asks that no tile is lost and none is there twice.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ServerProcess } from "../../src/bench/server-process.ts";
import { Tally } from "../images/tally.ts";
import { pythonEnvironment } from "../support/python-environment.ts";
import { checkCsvToGeojson, checkMbtiles } from "./file-checks.ts";
import { checkFailuresAgain, checkKilledTwice, checkStopped, type ListContext } from "./list-checks.ts";
import { checkDrain, checkKilledWorker, checkVisibility } from "./queue-checks.ts";
import { QueueEmulator } from "./queue-emulator.ts";
import { ResultTable } from "./result-table.ts";
import { TileHost } from "./tile-host.ts";

const HELP = `npm run test:tiles -- [options]

  --short                  300 tiles in the place of 10,000
  --database <url>         Postgres for a table that is made and removed (default: DATABASE_URL, else
                           postgres://postgres@127.0.0.1:5432/postgres)
  --chip-n-scale <clone>   a clone of github.com/developmentseed/chip-n-scale-queue-arranger, whose csv_to_geojson is run
`;

const { values: options } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    database: {
      type: "string",
      default: process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres",
    },
    "chip-n-scale": { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const tally = new Tally();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-tiles-"));
  const host = await TileHost.start();
  const server = await ServerProcess.start({
    entry: here("../../dist/bin.cjs"),
    modelFolder: here("../../model_dir"),
    flags: ["--device=cpu"],
    signal: stop.signal,
  });
  try {
    await tally.run("masks from MBTiles to MBTiles", () => checkMbtiles(folder));
    const table = await openTable();
    const python = await findPython();
    if (table === undefined) return;
    try {
      await checkLists({ folder, host, table, url: server.url, ...size() }, python);
      await checkQueues({ host, table, url: server.url }, python);
    } finally {
      await table.close();
    }
  } finally {
    server.kill();
    host.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function size(): { readonly columns: number; readonly rows: number } {
  return options.short ? { columns: 20, rows: 15 } : { columns: 100, rows: 100 };
}

async function checkLists(context: ListContext, python: string | undefined): Promise<void> {
  await tally.run("a box, killed twice and resumed", () => checkKilledTwice(context));
  await tally.run("the failures again", () => checkFailuresAgain(context));
  await tally.run("told to stop and resumed", () => checkStopped({ ...context, columns: 20, rows: 15 }));
  const clone = options["chip-n-scale"];
  const name = "chip-n-scale's csv_to_geojson";
  if (clone === undefined) tally.skip(name, "no --chip-n-scale <clone>");
  else if (python === undefined) tally.skip(name, "no Python packages");
  else await tally.run(name, () => checkCsvToGeojson(context.folder, context.table, { clone, python }));
}

async function checkQueues(
  context: Pick<ListContext, "host" | "table" | "url">,
  python: string | undefined,
): Promise<void> {
  if (python === undefined) {
    tally.skip("queues", "no Python packages for the emulator");
    return;
  }
  const { host, table } = context;
  host.isHealed = false;
  // The table of the lists is full.
  const fresh = await ResultTable.open(table.url, `${table.name}_queue`);
  const emulator = await QueueEmulator.start(python, stop.signal);
  const given = { ...context, table: fresh, emulator, tiles: 200 };
  try {
    await tally.run("a queue, one of two workers killed", () => checkKilledWorker(given));
    await tally.run("a queue, drained by SIGTERM", () => checkDrain(given));
    await tally.run("a queue, work longer than the visibility", () => checkVisibility(given));
  } finally {
    emulator.close();
    await fresh.close();
  }
}

/** Undefined, with the reason in the log, where there is none. */
async function openTable(): Promise<ResultTable | undefined> {
  try {
    return await ResultTable.open(options.database, `tiles_suite_${process.pid}`);
  } catch (error) {
    tally.skip("lists and queues", `no Postgres: ${(error as Error).message}`);
    return undefined;
  }
}

/** Undefined, with the reason in the log, where there is none. */
async function findPython(): Promise<string | undefined> {
  try {
    const packages = { folder: here(".venv"), whole: here("requirements.txt") };
    const { python, missing } = await pythonEnvironment(packages, stop.signal);
    for (const reason of missing) console.log(`not installed: ${reason}`);
    return missing.length === 0 ? python : undefined;
  } catch (error) {
    stop.signal.throwIfAborted();
    console.log(`no Python packages: ${(error as Error).message}`);
    return undefined;
  }
}

if (options.help) process.stdout.write(HELP);
else {
  await main();
  const { passed, failed, skipped } = tally.counts;
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed > 0 ? 1 : 0;
}
