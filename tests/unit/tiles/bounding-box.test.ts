import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { boxTiles, countBoxTiles, parseBoundingBox } from "../../../src/tiles/bounding-box.ts";
import type { Bounds } from "../../../src/tiles/mercator.ts";
import { type Tile, tileName } from "../../../src/tiles/tile.ts";

interface Reference {
  readonly bounds: Bounds;
  readonly zoom: number;
  readonly count: number;
  readonly first: readonly string[];
  readonly sha256: string;
}

const { boxes } = JSON.parse(
  readFileSync(new URL("./fixtures/mercantile.json", import.meta.url), "utf8"),
) as { readonly boxes: readonly Reference[] };

describe("boxTiles", () => {
  test.each(boxes)("yields mercantile's tiles of $bounds at zoom $zoom", ({ bounds, zoom, ...reference }) => {
    const box = { bounds, firstZoom: zoom, lastZoom: zoom };
    const names = [...boxTiles(box)].toSorted(byColumn).map(tileName);
    expect(names.length).toBe(reference.count);
    expect(names.slice(0, 3)).toEqual(reference.first);
    expect(sha256(names.map((name) => `${name}\n`).join(""))).toBe(reference.sha256);
    expect(countBoxTiles(box)).toBe(reference.count);
  });

  test("yields one zoom after the other", () => {
    const box = parseBoundingBox("-180,-90,180,90", "0-2");
    expect([...boxTiles(box)].map(({ z }) => z)).toEqual([0, ...Array(4).fill(1), ...Array(16).fill(2)]);
  });

  test("counts more tiles than could be held", () => {
    expect(countBoxTiles(parseBoundingBox("-180,-85,180,85", "22"))).toBeGreaterThan(1e13);
  });
});

describe("parseBoundingBox", () => {
  test("reads decimals, signs and white space", () => {
    expect(parseBoundingBox("-10.5, 45,.5,47.25", "12-14")).toEqual({
      bounds: [-10.5, 45, 0.5, 47.25],
      firstZoom: 12,
      lastZoom: 14,
    });
  });

  test.each([
    ["", "1"],
    ["1,2,3", "1"],
    ["1,2,3,4,5", "1"],
    ["1,2,,4", "1"],
    ["1,2,x,4", "1"],
    ["181,0,1,1", "1"],
    ["0,-91,1,1", "1"],
    ["0,2,1,1", "1"],
    ["0,0,1,1", "31"],
    ["0,0,1,1", "3-2"],
    ["0,0,1,1", ""],
    ["0,0,1,1", "1.5"],
  ])("refuses the box %s at zoom %s", (bounds, zoom) => {
    expect(() => parseBoundingBox(bounds, zoom)).toThrow(UsageError);
  });
});

function byColumn(a: Tile, b: Tile): number {
  return a.x - b.x || a.y - b.y;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
