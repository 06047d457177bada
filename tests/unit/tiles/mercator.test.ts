import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Bounds, quadkey, tileBounds, tileBoundsInMetres } from "../../../src/tiles/mercator.ts";

interface Reference {
  readonly tile: readonly [number, number, number];
  readonly bounds: Bounds;
  readonly metres: Bounds;
  readonly quadkey: string;
}

const { tiles } = JSON.parse(
  readFileSync(new URL("./fixtures/mercantile.json", import.meta.url), "utf8"),
) as { readonly tiles: readonly Reference[] };

/** Rounding in the last bits: less than a micrometre. */
const DEGREES = 1e-11;
const METRES = 1e-6;

describe.each(tiles)("tile $tile", ({ tile: [x, y, z], ...reference }) => {
  test("tileBounds are mercantile's", () => {
    expectClose(tileBounds({ x, y, z }), reference.bounds, DEGREES);
  });

  test("tileBoundsInMetres are mercantile's", () => {
    expectClose(tileBoundsInMetres({ x, y, z }), reference.metres, METRES);
  });

  test("quadkey is mercantile's", () => {
    expect(quadkey({ x, y, z })).toBe(reference.quadkey);
  });
});

function expectClose(actual: Bounds, expected: Bounds, tolerance: number): void {
  for (const [i, number] of actual.entries()) {
    expect(Math.abs(number - (expected[i] as number))).toBeLessThanOrEqual(tolerance);
  }
}
