import { describe, expect, test } from "vitest";
import { parseOptions } from "../../src/cli/option-table.ts";
import { TILES_OPTIONS } from "../../src/cli/tiles-options.ts";
import { UsageError } from "../../src/errors.ts";
import { predictTiles } from "../../src/predict-tiles.ts";

const IMAGERY = "--imagery=http://h/{z}/{x}/{y}";
const BOX = ["--bbox", "-1,0,1,1", "--zoom", "3"];

describe("predictTiles", () => {
  test.each([
    [[]],
    [[IMAGERY]],
    [["--bbox=-1,0,1,1", IMAGERY]],
    [["list.txt", ...BOX, IMAGERY]],
    [["list.txt", "more.txt", IMAGERY]],
    [BOX],
    [[...BOX, "--imagery=http://h/{z}/{x}"]],
    [[...BOX, IMAGERY, "--imagery-header=nonsense"]],
    [[...BOX, IMAGERY, "--output=out.txt"]],
    [[...BOX, IMAGERY, "--output=-", "--output=-"]],
    [[...BOX, IMAGERY, "--resume"]],
    [[...BOX, IMAGERY, "--output=postgres://h/db", "--resume"]],
    [[...BOX, IMAGERY, "--model-dir=x", "--url=http://x"]],
    [["list.txt", "--queue=http://h/q", IMAGERY]],
    [["--queue=http://h/q", IMAGERY, "--output=out.geojson"]],
    [["--queue=http://h/q", IMAGERY, "--failures=failures.csv"]],
  ])("refuses the command line %j before it begins", async (args) => {
    const { options, words } = parseOptions(args, TILES_OPTIONS);
    const openModel = () => Promise.reject(new Error("the model is not needed"));
    await expect(predictTiles({ options, inputs: words, openModel })).rejects.toBeInstanceOf(UsageError);
  });
});
