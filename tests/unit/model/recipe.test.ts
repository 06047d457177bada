import { describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { mergeRecipes } from "../../../src/model/recipe.ts";

describe("mergeRecipes", () => {
  test("takes each value from the first source that states it, and says from which", () => {
    const merged = mergeRecipes([
      { origin: "serving.json", values: { mean: [1] } },
      { origin: "preprocessor_config.json", values: { mean: [2], std: [3] } },
      { origin: "config.json", values: { labels: ["cat"], std: [4] } },
    ]);
    expect(merged).toEqual({
      values: { mean: [1], std: [3], labels: ["cat"] },
      origins: { mean: "serving.json", std: "preprocessor_config.json", labels: "config.json" },
    });
  });

  test("takes false and zero for statements", () => {
    const merged = mergeRecipes([
      { origin: "a", values: { resize: false, rescaleOffset: 0 } },
      {
        origin: "b",
        values: { resize: { kind: "shortest_edge", edgePixels: 8, filter: "box" }, rescaleOffset: -1 },
      },
    ]);
    expect(merged.values).toEqual({ resize: false, rescaleOffset: 0 });
  });

  test("refuses what is not served, unless an earlier source states the value", () => {
    const border = { origin: "b", values: {}, refused: { resize: "b: border is not served" } };
    expect(() => mergeRecipes([border, { origin: "c", values: { resize: false } }])).toThrow(StartupError);
    expect(mergeRecipes([{ origin: "a", values: { resize: false } }, border]).values).toEqual({
      resize: false,
    });
  });

  test("says nothing where there is no source", () => {
    expect(mergeRecipes([])).toEqual({ values: {}, origins: {} });
  });
});
