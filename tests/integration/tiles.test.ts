import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ServingProcess } from "../support/serving-process.ts";
import { DIGITS_DIR } from "../support/start-server.ts";
import { digitOf, fateOf, TileHost } from "../tiles/tile-host.ts";

let folder: string;
let host: TileHost;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tiles-"));
  host = await TileHost.start();
});

afterEach(() => {
  host.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Where the host has error pages of both kinds, and passing troubles. */
const TILES = [...range(5780, 5805), ...range(5925, 5955)].map((y) => ({ x: 8500, y, z: 14 }));

describe("onnx-serving tiles", () => {
  test("predicts a list with the model in its own process, lists what failed, and takes that list again", async () => {
    const at = (name: string) => join(folder, name);
    writeFileSync(at("list.txt"), TILES.map(({ x, y, z }) => `${x}-${y}-${z}\n`).join(""));
    const flags = [
      "--imagery",
      host.template,
      "--model-dir",
      DIGITS_DIR,
      "--signature",
      "class",
      "--tries",
      "2",
    ];
    const first = [
      "--output",
      at("out.ndjson"),
      "--output",
      at("out.geojson"),
      "--failures",
      at("failures.csv"),
    ];
    const failing = TILES.filter(({ x, y }) => ["page", "broken"].includes(fateOf(x, y)));
    const run = new ServingProcess(["tiles", at("list.txt"), ...flags, ...first]);
    const { code, stderr } = await run.finished();
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(failing.length).toBe(4);
    const results = lines(at("out.ndjson")).map(
      (line) => JSON.parse(line) as { tile: string; output: number },
    );
    expect(results.length).toBe(TILES.length - failing.length);
    for (const { tile, output } of results) {
      const [x = 0, y = 0] = tile.split("-").map(Number);
      expect(output).toBe(digitOf(x, y));
    }
    expect(JSON.parse(readFileSync(at("out.geojson"), "utf8")).features.length).toBe(results.length);
    expect(lines(at("failures.csv")).length).toBe(failing.length + 1);

    host.isHealed = true;
    const again = new ServingProcess(["tiles", at("failures.csv"), ...flags]);
    const rest = await again.finished();
    expect(rest.code).toBe(0);
    expect(rest.stdout.split("\n").length - 1).toBe(failing.length);
  });

  test("ends with 141 when the reader of its output leaves, without a word", async () => {
    const list = join(folder, "list.txt");
    writeFileSync(list, TILES.map(({ x, y, z }) => `${x}-${y}-${z}\n`).join(""));
    const flags = ["--imagery", host.template, "--model-dir", DIGITS_DIR];
    const run = new ServingProcess(["tiles", list, ...flags], { LOG_LEVEL: "error" });
    run.child.stdout?.destroy();
    expect(await run.finished()).toMatchObject({ code: 141, stderr: "" });
  });
});

function lines(path: string): string[] {
  return readFileSync(path, "utf8").split("\n").slice(0, -1);
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
