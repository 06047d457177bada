import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StartupError, UsageError } from "../../../src/errors.ts";
import { requireAbsent } from "../../../src/tiles/append-file.ts";
import { FailureFile } from "../../../src/tiles/failure-file.ts";
import { GeojsonSink } from "../../../src/tiles/geojson-sink.ts";
import { CSV, LineSink, NDJSON } from "../../../src/tiles/line-sink.ts";
import { MbtilesImagery } from "../../../src/tiles/mbtiles-imagery.ts";
import { MbtilesSink } from "../../../src/tiles/mbtiles-sink.ts";
import { openSqlite } from "../../../src/tiles/open-sqlite.ts";
import type { TileResult, TileSink } from "../../../src/tiles/tile-sink.ts";
import { solidPng } from "../../support/solid-png.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tile-sinks-"));
  path = join(folder, "out");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const result = (x: number, prediction: string): TileResult => ({ tile: { x, y: 2, z: 3 }, prediction });
const scores = result(1, "[0.25,0.75]");
const label = result(2, '"a \\"b\\", c"');
const text = () => readFileSync(path, "utf8");

async function writeAll(sink: TileSink, results: readonly TileResult[]): Promise<void> {
  await sink.write(results);
  await sink.finish();
  await sink.close();
}

describe("LineSink", () => {
  test("writes a JSON object a line", async () => {
    await writeAll(await LineSink.open(path, NDJSON, 0), [scores, label]);
    expect(text()).toBe('{"tile":"1-2-3","output":[0.25,0.75]}\n{"tile":"2-2-3","output":"a \\"b\\", c"}\n');
  });

  test("keeps a prediction of several lines on one", async () => {
    await writeAll(await LineSink.open(path, NDJSON, 0), [result(1, "[\n    0.25,\n    0.75\n]")]);
    expect(text()).toBe('{"tile":"1-2-3","output":[0.25,0.75]}\n');
  });

  test("writes the columns of chip-n-scale's table", async () => {
    await writeAll(await LineSink.open(path, CSV, 0), [scores]);
    expect(text()).toBe('tile,output\n1-2-3,"[0.25,0.75]"\n');
  });

  test("cuts off what a killed process wrote behind its checkpoint", async () => {
    const first = await LineSink.open(path, NDJSON, 0);
    await first.write([scores]);
    const length = await first.sync();
    await first.write([label]);
    await first.close();
    appendFileSync(path, '{"tile":"3-');
    await writeAll(await LineSink.open(path, NDJSON, length), [label]);
    expect(text().split("\n").length).toBe(3);
    expect(JSON.parse(text().split("\n")[1] ?? "")).toEqual({ tile: "2-2-3", output: 'a "b", c' });
  });

  test("refuses a file that lost what the checkpoint counts on", async () => {
    writeFileSync(path, "short");
    await expect(LineSink.open(path, NDJSON, 100)).rejects.toThrow(StartupError);
  });

  test("refuses a file where there is no folder", async () => {
    await expect(LineSink.open(join(folder, "none", "out"), NDJSON, 0)).rejects.toThrow(StartupError);
  });
});

describe("requireAbsent", () => {
  test("protects what is there", async () => {
    writeFileSync(path, "precious");
    await expect(requireAbsent(path)).rejects.toThrow(UsageError);
    await requireAbsent(`${path}2`);
  });
});

describe("GeojsonSink", () => {
  test("writes an outline and the scores under the names of csv_to_geojson", async () => {
    await writeAll(await GeojsonSink.open(path, 0), [scores]);
    const { type, features } = JSON.parse(text());
    expect(type).toBe("FeatureCollection");
    expect(features).toEqual([
      {
        type: "Feature",
        id: "1-2-3",
        geometry: { type: "Polygon", coordinates: [expect.any(Array)] },
        properties: { tile: "1-2-3", p0: 0.25, p1: 0.75 },
      },
    ]);
    const [ring] = features[0].geometry.coordinates;
    expect(ring[0]).toEqual(ring[4]);
    expect(ring.map(([longitude]: number[]) => longitude)).toEqual([-135, -90, -90, -135, -135]);
    expect(ring[0][1]).toBeLessThan(ring[2][1]);
  });

  test("writes any other prediction as it is", async () => {
    await writeAll(await GeojsonSink.open(path, 0), [
      label,
      result(3, "7"),
      result(4, "[]"),
      result(5, '{"a":[1]}'),
    ]);
    const predictions = JSON.parse(text()).features.map(
      (feature: { properties: object }) => feature.properties,
    );
    expect(predictions).toMatchObject([
      { prediction: 'a "b", c' },
      { prediction: 7 },
      {},
      { prediction: { a: [1] } },
    ]);
  });

  test("is whole after any number of resumptions", async () => {
    let sink = await GeojsonSink.open(path, 0);
    for (let x = 0; x < 3; x++) {
      await sink.write([result(x, String(x))]);
      const length = await sink.sync();
      await sink.write([result(99, "99")]);
      await sink.close();
      sink = await GeojsonSink.open(path, length);
    }
    await writeAll(sink, []);
    expect(JSON.parse(text()).features.map(({ id }: { id: string }) => id)).toEqual([
      "0-2-3",
      "1-2-3",
      "2-2-3",
    ]);
  });

  test("is a collection of nothing where nothing was written", async () => {
    await writeAll(await GeojsonSink.open(path, 0), []);
    expect(JSON.parse(text()).features).toEqual([]);
  });
});

describe("FailureFile", () => {
  test("writes one line for each, whatever the message holds", async () => {
    const file = await FailureFile.open(path, 0);
    await file.write([
      { text: "1-2-3", failure: { code: "HTTP_STATUS", message: 'said "no", 500\nand more' } },
    ]);
    await file.close();
    expect(text()).toBe('tile,code,message\n1-2-3,HTTP_STATUS,"said ""no"", 500 and more"\n');
  });
});

describe("MbtilesSink", () => {
  const png = solidPng(4, 4, [9, 9, 9]);
  const mask = (x: number): TileResult => result(x, JSON.stringify({ b64: png.toString("base64") }));

  test("makes a file that MbtilesImagery reads, and leaves nothing beside it", async () => {
    const sink = await MbtilesSink.open(path, 0);
    expect(await sink.write([mask(1), mask(7), mask(1)])).toEqual(new Map());
    await sink.finish();
    await sink.close();
    expect(readdirSync(folder)).toEqual(["out"]);
    const imagery = await MbtilesImagery.open(path);
    expect(Buffer.from(await imagery.read({ x: 7, y: 2, z: 3 }))).toEqual(png);
    await expect(imagery.read({ x: 7, y: 5, z: 3 })).rejects.toMatchObject({ code: "MISSING" });
    imagery.close();
    const database = await openSqlite(path);
    const metadata = database.all("SELECT name, value FROM metadata");
    expect(Object.fromEntries(metadata.map(({ name, value }) => [name, value]))).toMatchObject({
      format: "png",
      minzoom: "3",
      maxzoom: "3",
      bounds: expect.stringMatching(/^-135,40\.9\d+,180,66\.5\d+$/),
    });
    expect(database.get("SELECT count(*) AS count FROM tiles")).toEqual({ count: 2 });
    database.close();
  });

  test("refuses predictions that are no masks, one by one", async () => {
    const sink = await MbtilesSink.open(path, 0);
    const refusals = await sink.write([
      mask(1),
      scores,
      label,
      result(5, "null"),
      result(6, '{"b64":"AAAA"}'),
    ]);
    expect([...refusals.keys()]).toEqual([1, 2, 3, 4]);
    expect(refusals.get(1)?.code).toBe("NOT_STORED");
    await sink.close();
  });

  test("starts over with a database that a killed process was making", async () => {
    const first = await MbtilesSink.open(path, 0);
    await first.write([mask(1)]);
    const length = await first.sync();
    await first.close();
    writeFileSync(`${path}.building`, "half of one");
    mkdirSync(`${path}.building.lock`);
    const sink = await MbtilesSink.open(path, length);
    await sink.write([mask(2)]);
    await sink.finish();
    await sink.close();
    expect(readdirSync(folder)).toEqual(["out"]);
  });
});

describe("MbtilesImagery", () => {
  async function makeFile(format: string): Promise<void> {
    const database = await openSqlite(path);
    database.exec("CREATE TABLE metadata (name text, value text)");
    database.exec(
      "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)",
    );
    database.run("INSERT INTO metadata VALUES ('format', ?)", format);
    database.run("INSERT INTO tiles VALUES (3, 1, 5, ?)", [Buffer.from("<html>")]);
    database.close();
  }

  test("is read by several processes at once, and after one that was killed", async () => {
    await makeFile("png");
    mkdirSync(`${path}.lock`);
    const open = await Promise.all([MbtilesImagery.open(path), MbtilesImagery.open(path)]);
    for (const imagery of open) {
      await expect(imagery.read({ x: 1, y: 2, z: 3 })).rejects.toMatchObject({ code: "NOT_AN_IMAGE" });
    }
    for (const imagery of open) imagery.close();
  });

  test("refuses vector tiles, other files, and what somebody is writing", async () => {
    await makeFile("pbf");
    await expect(MbtilesImagery.open(path)).rejects.toThrow(StartupError);
    await expect(MbtilesImagery.open(join(folder, "none.mbtiles"))).rejects.toThrow(StartupError);
    expect(existsSync(join(folder, "none.mbtiles"))).toBe(false);
    writeFileSync(join(folder, "text.mbtiles"), "no database".repeat(100));
    await expect(MbtilesImagery.open(join(folder, "text.mbtiles"))).rejects.toThrow(StartupError);
    rmSync(path);
    await makeFile("png");
    writeFileSync(`${path}-wal`, "unfinished");
    await expect(MbtilesImagery.open(path)).rejects.toThrow(StartupError);
  });
});
