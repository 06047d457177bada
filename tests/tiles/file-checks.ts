import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ResultTable } from "./result-table.ts";
import { TilesProcess } from "./tiles-process.ts";

const run = promisify(execFile);

const SCENES = fileURLToPath(new URL("../../examples/segmentation", import.meta.url));

/** Images from MBTiles, made by SQLite itself, become masks in MBTiles that it can read; in one process, without a server. */
export async function checkMbtiles(folder: string): Promise<string> {
  const [imagery, list, masks] = ["scenes.mbtiles", "scenes.txt", "masks.mbtiles"].map((name) =>
    join(folder, name),
  );
  await run("python3", ["-c", MAKE_SCENES, SCENES, imagery as string]);
  writeFileSync(list as string, "0-0-3\n1-0-3\n2-0-3\n3-0-3\n4-0-3\n5-0-3\n");
  const args = [list, "--imagery", imagery, "--model-dir", SCENES, "--output", masks] as string[];
  const failures = join(folder, "masks-failed.csv");
  const process = new TilesProcess([...args, "--failures", failures]);
  assert.equal(await process.ended(), 1, process.stderr);
  assert.match(readFileSync(failures, "utf8"), /\n5-0-3,MISSING,/);
  const { stdout } = await run("python3", ["-c", READ_MASKS, masks as string]);
  assert.deepEqual(JSON.parse(stdout), {
    integrity: "ok",
    tiles: [0, 1, 2, 3, 4].map((x) => [3, x, 7, "89504e47"]),
    metadata: ["bounds", "description", "format", "maxzoom", "minzoom", "name", "type", "version"],
  });
  return "5 masks";
}

const MAKE_SCENES = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[2])
db.execute("CREATE TABLE metadata (name text, value text)")
db.execute("CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
db.execute("INSERT INTO metadata VALUES ('format', 'jpg')")
for x in range(5):
    image = open(f"{sys.argv[1]}/samples/{x + 1}.jpg", "rb").read()
    db.execute("INSERT INTO tiles VALUES (3, ?, 7, ?)", (x, image))
db.commit()
`;

const READ_MASKS = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(json.dumps({
    "integrity": db.execute("PRAGMA integrity_check").fetchone()[0],
    "tiles": db.execute("SELECT zoom_level, tile_column, tile_row, lower(hex(substr(tile_data, 1, 4))) FROM tiles ORDER BY 2").fetchall(),
    "metadata": sorted(name for name, in db.execute("SELECT name FROM metadata")),
}))
`;

/** chip-n-scale's own script reads the table, as its download writes it to a file. */
export async function checkCsvToGeojson(
  folder: string,
  table: ResultTable,
  { clone, python }: { readonly clone: string; readonly python: string },
): Promise<string> {
  const rows = await table.rows();
  const [csv, geojson] = [join(folder, "download.csv"), join(folder, "chip-n-scale.geojson")];
  const lines = [...rows].map(([tile, output]) => `${tile},${JSON.stringify(output)}`);
  writeFileSync(csv, ["tile,output", ...lines].join("\n"));
  const script = join(clone, "scripts", "csv_to_geojson.py");
  const features = async (input: string, ...flags: readonly string[]) => {
    await run(python, [script, input, geojson, "--tile-format", "google", ...flags]);
    return (JSON.parse(readFileSync(geojson, "utf8")) as { features: { properties: object }[] }).features;
  };
  const all = await features(csv, "--thresh", "0");
  assert.equal(all.length, rows.size);
  assert.deepEqual(
    Object.keys(all[0]?.properties ?? {}).toSorted(),
    Array.from({ length: 10 }, (_, i) => `p${i}`),
  );
  const sevens = await features(csv, "--thresh-ind", "7", "--thresh", "0.5");
  const wanted = [...rows.values()].filter(
    (scores) => Math.round(((scores as number[])[7] as number) * 100) >= 50,
  );
  assert.equal(sevens.length, wanted.length);
  assert.equal((await features(join(folder, "out.csv"), "--thresh", "0")).length > 0, true);
  return `${all.length} features, ${sevens.length} of them above the threshold`;
}
