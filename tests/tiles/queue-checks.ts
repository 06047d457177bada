import { strict as assert } from "node:assert";
import { AWS_ENVIRONMENT, type QueueEmulator } from "./queue-emulator.ts";
import type { ResultTable } from "./result-table.ts";
import { fateOf, type TileHost } from "./tile-host.ts";
import { TilesProcess } from "./tiles-process.ts";

export interface QueueContext {
  readonly emulator: QueueEmulator;
  readonly host: TileHost;
  readonly table: ResultTable;
  /** Of the model's server. */
  readonly url: string;
  readonly tiles: number;
}

const ZOOM = 16;

function tilesFrom(
  x: number,
  count: number,
): { readonly x: number; readonly y: number; readonly z: number }[] {
  return Array.from({ length: count }, (_, y) => ({ x, y: y + 1000, z: ZOOM }));
}

function startWorker(
  { host, table, url }: QueueContext,
  queue: string,
  ...more: readonly string[]
): TilesProcess {
  const flags = [
    ...["--queue", queue, "--imagery", host.template, "--url", url, "--tries", "2"],
    ...["--output", table.url, "--table", table.name, ...more],
  ];
  return new TilesProcess(flags, AWS_ENVIRONMENT);
}

/** Two workers share a queue and one is killed: every tile has its row, and what can't have one is a dead letter. */
export async function checkKilledWorker(context: QueueContext): Promise<string> {
  const { emulator, table, tiles: count } = context;
  const { url, deadLetters } = await emulator.createQueue("killed");
  const tiles = tilesFrom(21_000, count);
  const bad = ["no tile", '{"x": 9, "y": 9, "z": 1}'];
  await emulator.send(url, [...tiles.map((tile) => JSON.stringify(tile)), ...bad]);
  const flags = ["--visibility-seconds", "4", "--wait-seconds", "8", "--until-empty"];
  const [killed, other] = [startWorker(context, url, ...flags), startWorker(context, url, ...flags)];
  await killed.until(async () => (await table.count()) > 0);
  killed.kill("SIGKILL");
  await killed.ended();
  const code = await other.ended();
  const failing = tiles.filter(({ x, y }) => ["page", "broken"].includes(fateOf(x, y)));
  assert.equal(await table.count(), count - failing.length, other.stderr);
  assert.equal(await emulator.count(url), 0, "what is left in the queue");
  assert.equal(await emulator.count(deadLetters), failing.length + bad.length, "dead letters");
  assert.equal(code, 1);
  return `${count} tiles, ${failing.length + bad.length} dead letters`;
}

/** SIGTERM: what is under way is finished, the rest goes back, the worker ends with 0. */
export async function checkDrain(context: QueueContext): Promise<string> {
  const { emulator, host, table, tiles: count } = context;
  const { url } = await emulator.createQueue("drained");
  await emulator.send(
    url,
    tilesFrom(22_000, count).map((tile) => JSON.stringify(tile)),
  );
  host.isHealed = true;
  host.delayMs = 50;
  const before = await table.count();
  const worker = startWorker(context, url, "--pending-tiles", "16", "--host-concurrency", "4");
  await worker.until(async () => (await table.count()) > before);
  worker.kill("SIGTERM");
  assert.equal(await worker.ended(), 0, worker.stderr);
  const written = (await table.count()) - before;
  assert.ok(written < count, "it was stopped before the queue was empty");
  assert.equal(written + (await emulator.count(url)), count, "rows and messages left");
  host.delayMs = 0;
  return `${written} written, ${count - written} left in the queue`;
}

/** A tile that takes longer than messages hide is not delivered to another worker meanwhile. */
export async function checkVisibility(context: QueueContext): Promise<string> {
  const { emulator, host } = context;
  const { url } = await emulator.createQueue("slow");
  await emulator.send(url, ['{"x": 23000, "y": 1000, "z": 16}']);
  host.delayMs = 15_000;
  const flags = ["--visibility-seconds", "6", "--wait-seconds", "1", "--until-empty"];
  const slow = startWorker(context, url, ...flags);
  await slow.until(async () => host.timesAsked(23_000, 1000, ZOOM) === 1);
  const other = startWorker(
    context,
    url,
    "--visibility-seconds",
    "2",
    "--wait-seconds",
    "6",
    "--until-empty",
  );
  assert.deepEqual([await slow.ended(), await other.ended()], [0, 0], slow.stderr + other.stderr);
  host.delayMs = 0;
  assert.equal(host.timesAsked(23_000, 1000, ZOOM), 1);
  assert.equal(await emulator.count(url), 0);
  return "15 s of work under 6 s of visibility";
}
