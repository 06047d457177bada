import { describe, expect, test } from "vitest";
import { cropPixels, editPixels } from "../../../src/image/pixel-edit.ts";
import type { Raster } from "../../../src/image/raster.ts";
import { resample } from "../../../src/image/resample.ts";

/** Each pixel's levels say where it is: row, column, 7. */
const raster: Raster = {
  height: 6,
  width: 9,
  channels: 3,
  data: Uint8Array.from(
    { length: 6 * 9 * 3 },
    (_, i) => [Math.floor(i / 27), Math.floor(i / 3) % 9, 7][i % 3] ?? 0,
  ),
};

describe("cropPixels", () => {
  test("takes the pixels of the box, and leaves the image as it is", () => {
    const { height, width, data } = cropPixels(raster, { top: 2, left: 3, height: 2, width: 2 });
    expect([height, width, [...data]]).toEqual([2, 2, [2, 3, 7, 2, 4, 7, 3, 3, 7, 3, 4, 7]]);
    expect(raster.data[0]).toBe(0);
  });

  test("keeps the type of an array's numbers", () => {
    const band = { height: 1, width: 3, channels: 1, data: Float32Array.of(0.5, 1.5, 2.5) } as const;
    expect(cropPixels(band, { top: 0, left: 1, height: 1, width: 2 }).data).toEqual(
      Float32Array.of(1.5, 2.5),
    );
  });
});

describe("editPixels", () => {
  test("cuts and resizes in the order of the edits", () => {
    const box = { top: 1, left: 1, height: 4, width: 4 };
    const size = { height: 3, width: 5 };
    const edited = editPixels(raster, [
      { kind: "crop", box },
      { kind: "resize", size, filter: "bicubic" },
    ]);
    expect(edited).toEqual(resample(cropPixels(raster, box), size, "bicubic"));
  });
});
