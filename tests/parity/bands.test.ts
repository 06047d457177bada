import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { preprocessBands } from "../../src/image/preprocess-bands.ts";
import type { PreprocessSpec } from "../../src/image/preprocess-spec.ts";
import { readArray } from "../../src/image/read-array.ts";
import type { ArrayDType } from "../../src/tensor/array-format.ts";
import { type NumberAt, rawArray } from "../support/raw-array.ts";
import { expectSame } from "./references.ts";

interface BandCase {
  readonly dtype: ArrayDType;
  readonly height: number;
  readonly width: number;
  readonly given: PreprocessSpec;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** What Pillow and NumPy gave; tools/make-band-references.py wrote it. */
const cases = JSON.parse(
  readFileSync(new URL("./fixtures/bands.json", import.meta.url), "utf8"),
) as readonly BandCase[];

/** The numbers that the tool makes. */
const SCALED: Readonly<Record<ArrayDType, (value: number) => number>> = {
  uint8: (v) => v % 256,
  int8: (v) => (v % 256) - 128,
  uint16: (v) => v,
  int16: (v) => v - 32768,
  uint32: (v) => v * 65521,
  int32: (v) => v * 32760 - 2 ** 30,
  float16: (v) => (v % 2048) / 4,
  float32: (v) => v / 64 - 300,
  float64: (v) => v / 3,
};

function numbers(dtype: ArrayDType): NumberAt {
  return (band, y, x) => {
    const place = (y * 7919 + x * 10473 + band * 1299709) % 65521;
    return SCALED[dtype]((place * place) % 65521);
  };
}

function title({ dtype, height, width, given }: BandCase): string {
  return `${given.mean.length} bands of ${dtype}, ${height} x ${width}, ${JSON.stringify(given.resize ?? given.centerCrop ?? "as they are")}`;
}

describe("preprocessBands", () => {
  test.each(cases.map((given, index) => [`${index}: ${title(given)}`, given] as const))(
    "equals Pillow and NumPy to the last bit: %s",
    (_, { dtype, height, width, given, shape, sha256 }) => {
      const bands = given.mean.length;
      for (const layout of ["HWC", "CHW"] as const) {
        const { bytes, array } = rawArray(numbers(dtype), { bands, height, width }, dtype, layout);
        const planes = readArray(bytes, array, { bands, maxImagePixels: 1e6 });
        const { row } = preprocessBands(planes, given);
        expect(row).toMatchObject({ shape, dtype: "float32" });
        expectSame(row.data as Float32Array, sha256, undefined);
      }
    },
  );
});
