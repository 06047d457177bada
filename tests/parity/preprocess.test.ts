import { describe, expect, test } from "vitest";
import { planGeometry } from "../../src/image/plan-geometry.ts";
import { preprocess } from "../../src/image/preprocess.ts";
import { decodeFixture, expectSame, references } from "./references.ts";

describe("preprocess", () => {
  test.each(references.preprocess)(
    "equals Pillow and NumPy to the last bit: $spec of $file",
    async (given) => {
      const raster = await decodeFixture(given.file, given.given.color === "L" ? "L" : "RGB");
      const { row, geometry } = preprocess(raster, given.given);
      const [height, width] = given.resized;
      expect(row).toMatchObject({ shape: given.shape, dtype: given.given.dtype });
      expect(geometry.resized).toEqual({ height, width });
      expectSame(row.data as Float32Array, given.sha256, given.pixels);
    },
  );
});

describe("planGeometry", () => {
  test.each(references.shortest_edge)(
    "cuts $from to $to for edge $edge, at most $max",
    ({ from, edge, max, to }) => {
      const resize = { kind: "shortest_edge", edgePixels: edge, filter: "bilinear" } as const;
      const spec = { resize: max === null ? resize : { ...resize, maxEdgePixels: max } };
      const { resized } = planGeometry({ height: from[0], width: from[1] }, spec);
      expect(resized).toEqual({ height: to[0], width: to[1] });
    },
  );
});
