import { describe, expect, test } from "vitest";
import { parseTile, tileName } from "../../../src/tiles/tile.ts";

describe("parseTile", () => {
  test.each([
    ["163-395-10", { x: 163, y: 395, z: 10 }],
    [" 0-0-0 ", { x: 0, y: 0, z: 0 }],
    ["[163, 395, 10]", { x: 163, y: 395, z: 10 }],
    ['{"z": 10, "x": 163, "y": 395}', { x: 163, y: 395, z: 10 }],
    ["1073741823-0-30", { x: 2 ** 30 - 1, y: 0, z: 30 }],
  ])("reads %s", (text, tile) => {
    expect(parseTile(text)).toEqual(tile);
  });

  test.each([
    "",
    "163-395",
    "163-395-10-1",
    "163/395/10",
    "a-b-c",
    "-1-0-3",
    "1-2-1",
    "0-8-3",
    "0-0-31",
    "[1, 2]",
    "[1.5, 2, 3]",
    '["1", "2", "3"]',
    '{"x": 1, "y": 2}',
    "{",
    "null",
    "[null]",
    "[1e400, 0, 3]",
  ])("refuses %s", (text) => {
    expect(() => parseTile(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("reads back what tileName writes", () => {
    expect(parseTile(tileName({ x: 35210, y: 21493, z: 16 }))).toEqual({ x: 35210, y: 21493, z: 16 });
  });
});
