import { describe, expect, test } from "vitest";
import { BENCH_OPTIONS } from "../../../src/cli/bench-options.ts";
import { parseOptions } from "../../../src/cli/option-table.ts";
import { PREDICT_OPTIONS } from "../../../src/cli/predict-options.ts";
import { TILES_OPTIONS } from "../../../src/cli/tiles-options.ts";
import { UsageError } from "../../../src/errors.ts";

describe("parseOptions", () => {
  test("gives the defaults of the table", () => {
    const { options, words } = parseOptions(["a.png", "-"], PREDICT_OPTIONS);
    expect(options).toMatchObject({
      format: "ndjson",
      batchSize: 8,
      resume: false,
      header: [],
      url: undefined,
    });
    expect(words).toEqual(["a.png", "-"]);
  });

  test("reads flags of every kind, wherever they stand", () => {
    const args = ["a", "--batch-size=3", "--threshold", "0.25", "b", "--resume", "--max-file-bytes=2KiB"];
    const headers = ["--header=A: 1", "--header", "B: 2"];
    const { options, words } = parseOptions([...args, ...headers, "--", "--c"], PREDICT_OPTIONS);
    expect(options).toMatchObject({ batchSize: 3, threshold: 0.25, resume: true, maxFileBytes: 2048 });
    expect(options.header).toEqual(["A: 1", "B: 2"]);
    expect(words).toEqual(["a", "b", "--c"]);
  });

  test("takes a number below 0 for a value, and a flag for none", () => {
    const { options } = parseOptions(["--bbox", "-10.5,40,-.5,50"], TILES_OPTIONS);
    expect(options.bbox).toBe("-10.5,40,-.5,50");
    expect(() => parseOptions(["--bbox", "--zoom"], TILES_OPTIONS)).toThrow(UsageError);
  });

  test.each([
    ["--batchsize=3"],
    ["-o"],
    ["--batch-size=0"],
    ["--batch-size=x"],
    ["--batch-size"],
    ["--batch-size", "--resume"],
    ["--batch-size=1", "--batch-size=2"],
    ["--threshold=1.5"],
    ["--threshold=-1"],
    ["--format=xml"],
    ["--resume=yes"],
    ["--url="],
  ])("refuses %j %j", (...args) => {
    expect(() => parseOptions(args, PREDICT_OPTIONS)).toThrow(UsageError);
  });

  test.each([
    ["predict", PREDICT_OPTIONS],
    ["bench", BENCH_OPTIONS],
  ])("the table of %s has a sentence and a sound default in each row", (_, table) => {
    expect(() => parseOptions<unknown>([], table)).not.toThrow();
    for (const row of Object.values(table)) {
      expect(row.help).toMatch(/^[A-Z][^\n|]+\.$/);
      if (row.kind !== "switch" && row.kind !== "list") {
        expect(row.default === undefined).toBe(row.unset !== undefined);
      }
    }
  });
});
