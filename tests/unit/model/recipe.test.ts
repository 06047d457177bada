import { describe, expect, test } from "vitest";
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

  test("says nothing where there is no source", () => {
    expect(mergeRecipes([])).toEqual({ values: {}, origins: {} });
  });
});
