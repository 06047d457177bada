import { describe, expect, test } from "vitest";
import { identifyImage } from "../../src/image/identify.ts";
import { readHeader } from "../../src/image/read-header.ts";
import { decodeFixture, expectSame, readImage, references } from "./references.ts";

describe("decodeImage", () => {
  describe.each(references.decode)("of $file", ({ file, height, width, RGB, L }) => {
    test("gives the pixels of Pillow's convert(RGB), difference 0", async () => {
      const raster = await decodeFixture(file, "RGB");
      expect(raster).toMatchObject({ height, width, channels: 3 });
      expectSame(raster.data, RGB, file);
    });

    test("gives the pixels of Pillow's convert(L), difference 0", async () => {
      const raster = await decodeFixture(file, "L");
      expect(raster).toMatchObject({ height, width, channels: 1 });
      expectSame(raster.data, L, undefined);
    });
  });
});

describe("readHeader", () => {
  test.each(references.decode)("tells the size of $file without decoding it", ({ file, height, width }) => {
    const bytes = readImage(file);
    const found = identifyImage(bytes.subarray(0, 512));
    expect(found.kind).toBe("image");
    if (found.kind === "image") {
      expect(readHeader(bytes, found.format, 1_000_000)).toEqual({ height, width });
    }
  });
});
