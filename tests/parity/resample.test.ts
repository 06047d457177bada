import { describe, expect, test } from "vitest";
import { FILTERS } from "../../src/image/preprocess-spec.ts";
import { resample } from "../../src/image/resample.ts";
import { decodeFixture, expectSame, type ResampleCase, references } from "./references.ts";

function title({ file, height, width, filter, box }: ResampleCase): string {
  const part = box === undefined ? "" : ` from ${box.left}, ${box.top}, ${box.right}, ${box.bottom}`;
  return `${file}${part} to ${height} x ${width}, ${filter}`;
}

describe("resample", () => {
  test.each(references.resample.map((given) => [title(given), given] as const))(
    "equals Pillow's resize, difference 0: %s",
    async (_, given) => {
      const source = await decodeFixture(given.file, given.color);
      const options = given.box === undefined ? {} : { box: given.box };
      const resized = resample(source, given, given.filter, options);
      expect(resized).toMatchObject({ height: given.height, width: given.width, channels: source.channels });
      expectSame(resized.data, given.sha256, given.pixels);
    },
  );

  test("is compared for every filter, up and down in both axes", () => {
    const cases = references.resample.filter(({ file }) => file === "photo-444.jpg");
    for (const filter of FILTERS) {
      const sizes = cases.filter((given) => given.filter === filter);
      expect(sizes.some(({ height, width }) => height < 48 && width < 64)).toBe(true);
      expect(sizes.some(({ height, width }) => height > 48 && width > 64)).toBe(true);
      expect(sizes.some(({ height, width }) => height > 48 && width < 64)).toBe(true);
      expect(sizes.some(({ height, width }) => height === 48 && width < 64)).toBe(true);
    }
  });
});
