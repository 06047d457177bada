import { describe, expect, test } from "vitest";
import { findComposition } from "../../../src/model/find-composition.ts";
import { holdsComposition } from "../../../src/model/holds-composition.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const COMPOSED = { nodes: { a: { model: "m", from: "image" } }, outputs: { y: "a.label" } };

describe("findComposition", () => {
  test("takes the folder itself, else the chosen version's, else the highest", () => {
    const own = temporaryModelFolder({ "serving.json": COMPOSED, "2/serving.json": {} });
    expect(findComposition(own)).toEqual({ folder: own, version: 1, json: COMPOSED });
    const folder = temporaryModelFolder({ "2/serving.json": COMPOSED, "10/serving.json": COMPOSED });
    expect(findComposition(folder)?.version).toBe(10);
    expect(findComposition(folder, 2)?.folder).toBe(`${folder}/2`);
    expect(findComposition(folder, 3)).toBeUndefined();
  });

  test("finds none in a single model's folder, where the highest version is one, and where nothing is", () => {
    expect(findComposition(temporaryModelFolder({ "serving.json": { task: "generic" } }))).toBeUndefined();
    expect(
      findComposition(temporaryModelFolder({ "1/serving.json": COMPOSED, "2/model.onnx": "" })),
    ).toBeUndefined();
    expect(findComposition(`${temporaryModelFolder({})}/nowhere`)).toBeUndefined();
  });

  test.each([
    ["a key of a single model's", { ...COMPOSED, task: "generic" }, /unknown key "task"/],
    [
      "an unknown key of a step",
      { ...COMPOSED, nodes: { a: { step: "crop", from: "b", size: 1 } } },
      /unknown key "nodes\.a\.size"/,
    ],
    [
      "an unknown key of a model",
      { ...COMPOSED, nodes: { a: { model: "m", from: "b", step: "crop" } } },
      /nodes\.a/,
    ],
    ["a name with a dot", { ...COMPOSED, nodes: { "a.b": { model: "m", from: "image" } } }, /nodes/],
    [
      "a margin below 0",
      { ...COMPOSED, nodes: { a: { step: "crop", from: "b", margin: -1 } } },
      /nodes\.a\.margin/,
    ],
  ])("refuses %s in one line", (_, content, message) => {
    const folder = temporaryModelFolder({ "serving.json": content });
    expect(() => findComposition(folder)).toThrow(message);
  });
});

describe("holdsComposition", () => {
  test("leaves what is no JSON to whoever reads it", () => {
    expect(holdsComposition(temporaryModelFolder({ "serving.json": "{" }))).toBe(false);
    expect(holdsComposition(temporaryModelFolder({ "serving.json": "[]" }))).toBe(false);
  });
});
