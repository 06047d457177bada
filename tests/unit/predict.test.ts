import { describe, expect, test } from "vitest";
import { parseOptions } from "../../src/cli/option-table.ts";
import { PREDICT_OPTIONS } from "../../src/cli/predict-options.ts";
import { UsageError } from "../../src/errors.ts";
import { predict } from "../../src/predict.ts";

describe("predict", () => {
  test.each([
    [[]],
    [["--url=nowhere", "a.png"]],
    [["--url=ftp://host", "a.png"]],
    [["--resume", "a.png"]],
    [["--model-dir=x", "--url=http://x", "a.png"]],
    [["--url=http://x", "--header=nonsense", "a.png"]],
    [["--url=http://x", "--masks=m", "--signature=class", "a.png"]],
    [["--url=http://x", "--output=/no/such/folder/results", "a.png"]],
  ])("refuses the command line %j before it begins", async (args) => {
    const { options, words } = parseOptions(args, PREDICT_OPTIONS);
    const openModel = () => Promise.reject(new Error("the model is not needed"));
    await expect(predict({ options, inputs: words, openModel })).rejects.toBeInstanceOf(UsageError);
  });
});
