import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tileBounds } from "../../src/tiles/mercator.ts";
import type { ResultTable } from "./result-table.ts";
import { digitOf, fateOf, type TileHost } from "./tile-host.ts";
import { TilesProcess } from "./tiles-process.ts";

export interface ListContext {
  readonly folder: string;
  readonly host: TileHost;
  readonly table: ResultTable;
  /** Of the model's server. */
  readonly url: string;
  /** The tiles: so many columns and rows. */
  readonly columns: number;
  readonly rows: number;
}

const ZOOM = 14;
const CORNER = { x: 8500, y: 5700 };

/** What is asked of every run. */
function flags({ host, table, url }: ListContext): string[] {
  return [
    ...["--imagery", host.template, "--host-concurrency", "32", "--tries", "3"],
    ...["--url", url, "--signature", "scores", "--table", table.name, "--output", table.url],
  ];
}

/** West, south, east, north of the tiles, a little within their borders. */
function box({ columns, rows }: ListContext): string {
  const [west, , , north] = tileBounds({ ...CORNER, z: ZOOM });
  const last = { x: CORNER.x + columns - 1, y: CORNER.y + rows - 1, z: ZOOM };
  const [, south, east] = tileBounds(last);
  return [west + 1e-6, south + 1e-6, east - 1e-6, north - 1e-6].join(",");
}

function allTiles({
  columns,
  rows,
}: ListContext): { readonly name: string; readonly x: number; readonly y: number }[] {
  return Array.from({ length: columns * rows }, (_, i) => {
    const [x, y] = [CORNER.x + Math.floor(i / rows), CORNER.y + (i % rows)];
    return { name: `${x}-${y}-${ZOOM}`, x, y };
  });
}

/** A box of tiles of which 1 % are error pages, killed twice, the database's connection broken once: what can be predicted is there once, the rest is listed. */
export async function checkKilledTwice(context: ListContext): Promise<string> {
  const { folder, table, columns, rows } = context;
  const files = ["out.ndjson", "out.geojson", "out.csv"].map((name) => join(folder, name));
  const failures = join(folder, "failures.csv");
  const args = [
    ...["--bbox", box(context), "--zoom", String(ZOOM), "--failures", failures],
    ...files.flatMap((file) => ["--output", file]),
    ...flags(context),
  ];
  const startMs = performance.now();
  for (const share of [1 / 3, 2 / 3]) {
    const run = new TilesProcess([...args, "--resume"]);
    await run.until(async () => (await table.count()) >= share * columns * rows);
    run.kill("SIGKILL");
    assert.equal(await run.ended(), "SIGKILL");
  }
  const last = new TilesProcess([...args, "--resume"]);
  await last.until(async () => (await table.count()) >= 0.8 * columns * rows);
  const broken = await table.breakConnections();
  assert.equal(await last.ended(), 1, last.stderr);
  const seconds = (performance.now() - startMs) / 1000;

  const tiles = allTiles(context);
  const failing = tiles
    .filter(({ x, y }) => ["page", "broken"].includes(fateOf(x, y)))
    .map(({ name }) => name);
  const good = tiles.filter(({ name }) => !failing.includes(name));
  const results = await table.rows();
  assert.deepEqual(
    [...results.keys()].toSorted(),
    good.map(({ name }) => name).toSorted(),
    "rows of the table",
  );
  for (const { name, x, y } of good) {
    const scores = results.get(name) as number[];
    assert.equal(scores.indexOf(Math.max(...scores)), digitOf(x, y), `digit of ${name}`);
  }
  const names = good.map(({ name }) => name).toSorted();
  const [ndjson = "", geojson = "", csv = ""] = files.map((file) => readFileSync(file, "utf8"));
  assert.deepEqual(
    lines(ndjson)
      .map((line) => JSON.parse(line).tile)
      .toSorted(),
    names,
    "lines of NDJSON",
  );
  const { features } = JSON.parse(geojson) as { readonly features: readonly { readonly id: string }[] };
  assert.deepEqual(features.map(({ id }) => id).toSorted(), names, "features");
  assert.deepEqual(
    lines(csv)
      .slice(1)
      .map((line) => line.split(",")[0])
      .toSorted(),
    names,
    "lines of CSV",
  );
  const listed = lines(readFileSync(failures, "utf8"))
    .slice(1)
    .map((line) => line.split(","));
  assert.deepEqual(listed.map(([name]) => name).toSorted(), failing.toSorted(), "failures");
  for (const [name, code] of listed) {
    const [x = 0, y = 0] = (name ?? "").split("-").map(Number);
    assert.equal(code, fateOf(x, y) === "page" ? "NOT_AN_IMAGE" : "HTTP_STATUS", `code of ${name}`);
  }

  const again = new TilesProcess([...args, "--resume"]);
  assert.equal(await again.ended(), 1, again.stderr);
  assert.equal(readFileSync(files[0] as string, "utf8"), ndjson, "a finished run, resumed, changes nothing");
  const rate = (tiles.length / seconds).toFixed(0);
  const figures = `${tiles.length} tiles in ${seconds.toFixed(1)} s (${rate} tiles/s, starts included)`;
  return `${figures}, ${failing.length} failed, ${broken} connection broken`;
}

/** The list of failures, given as a list when the host is well again, completes the table. */
export async function checkFailuresAgain(context: ListContext): Promise<string> {
  const { folder, host, table, columns, rows } = context;
  host.isHealed = true;
  const before = await table.count();
  const run = new TilesProcess([join(folder, "failures.csv"), ...flags(context)]);
  assert.equal(await run.ended(), 0, run.stderr);
  assert.equal(await table.count(), columns * rows);
  return `${columns * rows - before} tiles more`;
}

/** Told to stop by SIGTERM, a run says how to go on, and does. */
export async function checkStopped(context: ListContext): Promise<string> {
  const { folder, columns, rows, host, url } = context;
  const output = join(folder, "stopped.ndjson");
  const args = [
    ...["--bbox", box(context), "--zoom", String(ZOOM), "--output", output],
    ...["--imagery", host.template, "--url", url, "--host-concurrency", "4", "--resume"],
  ];
  host.delayMs = 100;
  const first = new TilesProcess(args);
  await first.until(async () => readIfThere(output).length > 0);
  first.kill("SIGTERM");
  assert.equal(await first.ended(), 143, first.stderr);
  assert.match(first.stderr, /--resume/);
  const done = lines(readIfThere(output)).length;
  assert.ok(done < columns * rows, "it was stopped before the end");
  host.delayMs = 0;
  const second = new TilesProcess(args);
  assert.equal(await second.ended(), 0, second.stderr);
  const names = lines(readIfThere(output)).map((line) => JSON.parse(line).tile);
  assert.equal(names.length, columns * rows);
  assert.equal(new Set(names).size, names.length);
  return `stopped after ${done}`;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
