import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readGoldenPair } from "../../../src/model/golden.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const PAGE = readFileSync(new URL("../../../docs/serving-json.md", import.meta.url), "utf8");

describe("readGoldenPair", () => {
  test("accepts the example of docs/serving-json.md", () => {
    const section = PAGE.slice(PAGE.indexOf("\n## The golden pair\n"));
    const [, example = ""] = /```json.*\n([\s\S]*?)```/.exec(section) ?? [];
    const pair = readGoldenPair(
      temporaryModelFolder({ "golden/expected.json": example, "golden/photo.jpg": "an image" }),
    );
    expect(pair).toMatchObject({
      outputs: { logits: { shape: [1, 3], data: [1.25, -0.5, 0.03125] } },
      tolerance: 1e-4,
    });
  });
});
