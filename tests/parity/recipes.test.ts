import { describe, expect, test } from "vitest";
import { preprocess } from "../../src/image/preprocess.ts";
import { decodeFixture, expectSame, fastai, recipes } from "./references.ts";

describe("preprocess", () => {
  test.each([...recipes, ...fastai])(
    "equals the training library to the last bit: $spec of $file",
    async (reference) => {
      const raster = await decodeFixture(reference.file, "RGB");
      const { row } = preprocess(raster, reference.given);
      expect(row).toMatchObject({ shape: reference.shape, dtype: reference.given.dtype });
      expectSame(row.data as Float32Array, reference.sha256, undefined);
    },
  );
});
