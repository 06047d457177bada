import { describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { readLines } from "../../../src/tiles/read-lines.ts";
import { tileName } from "../../../src/tiles/tile.ts";
import { readTileList } from "../../../src/tiles/tile-list.ts";

async function* inChunks(text: string, bytes: number): AsyncGenerator<Buffer> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
}

/** Returns the names of the tiles, and the codes of what is none. */
async function list(text: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { tile, error } of readTileList(readLines(inChunks(text, 3)))) {
    names.push(tile === undefined ? `${error?.code}` : tileName(tile));
  }
  return names;
}

describe("readLines", () => {
  test.each([1, 2, 3, 100])("reads text that comes in chunks of %i bytes", async (bytes) => {
    const lines: string[] = [];
    for await (const line of readLines(inChunks("\uFEFFone\r\n\r\nzwölf\nthree", bytes))) lines.push(line);
    expect(lines).toEqual(["one", "", "zwölf", "three"]);
  });

  test("refuses a line without an end", async () => {
    const lines = readLines(inChunks("x".repeat(300), 100), 150);
    await expect(lines.next()).rejects.toThrow(StartupError);
  });
});

describe("readTileList", () => {
  test("reads one tile a line, and passes over empty lines", async () => {
    expect(await list("9-162-9\r\n\n  9-161-9\n[9, 163, 9]\n")).toEqual(["9-162-9", "9-161-9", "9-163-9"]);
  });

  test("finds the column of a CSV by its name", async () => {
    const text = 'code,Tile,message\nHTTP_STATUS,9-162-9,"the host said ""no"", 500"\nMISSING,"9-161-9",\n';
    expect(await list(text)).toEqual(["9-162-9", "9-161-9"]);
  });

  test("finds the column behind one without a name or a value, as an index is written", async () => {
    expect(await list(",tile\n0,1-1-3\n,2-2-3\n")).toEqual(["1-1-3", "2-2-3"]);
  });

  test("joins the columns x, y and z", async () => {
    expect(await list("z,x,y\n9,162,300\n9, 161 ,300\n")).toEqual(["162-300-9", "161-300-9"]);
  });

  test("reports a line that is no tile in its place", async () => {
    expect(await list("9-162-9\n9-1")).toEqual(["9-162-9", "INVALID_ARGUMENT"]);
    expect(await list("tile\n9-162-9\n<html>\n1-2-1\n")).toEqual([
      "9-162-9",
      "INVALID_ARGUMENT",
      "INVALID_ARGUMENT",
    ]);
  });

  test.each(["<!DOCTYPE html>\n1-1-1\n", "name,size\n", "1-2\n", "9-999-3\n"])(
    "refuses the list %j",
    async (text) => {
      await expect(list(text)).rejects.toThrow(StartupError);
    },
  );

  test("has no tiles where there are no lines", async () => {
    expect(await list("")).toEqual([]);
    expect(await list("tile,code,message\n")).toEqual([]);
  });
});
