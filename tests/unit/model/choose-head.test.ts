import { describe, expect, test } from "vitest";
import { chooseHead } from "../../../src/model/choose-head.ts";
import type { RecipeValues } from "../../../src/model/recipe.ts";
import type { Tensors } from "../../../src/tensor/tensor.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

/** A row of zeros under the name "logits". */
function row(...shape: number[]): Tensors {
  return { logits: { dtype: "float32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) } };
}

/** All values are stated by serving.json. */
function choose(values: Partial<RecipeValues>, outputs: Tensors, layout: "CHW" | "HWC" | "none" = "CHW") {
  const origins = Object.fromEntries(Object.keys(values).map((name) => [name, "serving.json"]));
  return chooseHead({ values, origins }, outputs, layout === "none" ? undefined : layout);
}

const LABELS = ["cat", "dog", "fish"];

describe("chooseHead", () => {
  test("takes a picture's row of classes for a classification", () => {
    expect(choose({}, row(3))).toEqual({
      head: { task: "classification", output: "logits", classes: 3, activation: "softmax" },
      origins: { task: "the output's shape", activation: "default" },
      warnings: ["no labels found: classes have numbers only"],
    });
  });

  test("takes a picture's maps of classes for a segmentation, for which labels are no must", () => {
    expect(choose({}, row(4, 2, 2))).toEqual({
      head: { task: "segmentation", output: "logits", classes: 4, activation: "softmax" },
      origins: { task: "the output's shape", activation: "default" },
      warnings: [],
    });
  });

  test.each<[string, Tensors]>([
    ["a single number", row(1)],
    ["a table", row(5, 4)],
    ["a scalar", row()],
    ["whole numbers", { logits: tensor("int64", [3], [1, 2, 3]) }],
    ["text", { logits: tensor("string", [3], ["a", "b", "c"]) }],
    [
      "several outputs without a usual name",
      { a: tensor("float32", [3], [1, 2, 3]), ...row(3), logits: tensor("float32", [1], [1]) },
    ],
    ["no output", {}],
  ])("takes a picture's row of %s for plain tensors", (_, outputs) => {
    expect(choose({}, outputs).head).toEqual({ task: "generic" });
  });

  test("warns of a single number for a picture, and of no plain tensor's", () => {
    expect(choose({}, row(1)).warnings).toEqual([expect.stringMatching(/say in serving.json/)]);
    expect(choose({}, row(1), "none").warnings).toEqual([]);
    expect(choose({ task: "generic" }, row(1)).warnings).toEqual([]);
  });

  test.each<[string, Partial<RecipeValues>]>([
    ["two labels", { labels: ["cat", "dog"] }],
    ["the task", { task: "classification" }],
  ])("takes a single number for the score of the second of two classes, as %s say", (_, values) => {
    const { head, warnings } = choose(values, row(1));
    expect(head).toMatchObject({ task: "classification", classes: 2, isBinary: true, activation: "sigmoid" });
    expect(warnings).toContainEqual(expect.stringMatching(/sigmoid is guessed/));
    const stated = choose({ ...values, activation: "none" }, row(1));
    expect(stated.head).toMatchObject({ isBinary: true, activation: "none" });
    expect(stated.warnings).not.toContainEqual(expect.stringMatching(/guessed/));
  });

  test("takes a single number for a class that is there or not where multi_label is stated", () => {
    const { head } = choose({ task: "classification", multiLabel: true, labels: ["cat"] }, row(1));
    expect(head).toMatchObject({ classes: 1, isMultiLabel: true, activation: "sigmoid" });
  });

  test.each<[string, Partial<RecipeValues>, string]>([
    ["three labels", { task: "classification", labels: LABELS }, "expected two labels"],
    ["a softmax", { labels: ["a", "b"], activation: "softmax" }, "softmax of a single number is always 1"],
  ])("refuses %s for a single number", (_, values, message) => {
    expect(() => choose(values, row(1))).toThrow(message);
  });

  test.each<[string, Partial<RecipeValues>, "CHW" | "HWC", [number, number, number], boolean]>([
    ["the input is", {}, "HWC", [8, 9, 4], true],
    ["the input is not", {}, "CHW", [4, 8, 9], false],
    ["serving.json says", { outputLayout: "HWC" }, "CHW", [8, 9, 4], true],
    ["serving.json denies", { outputLayout: "CHW" }, "HWC", [4, 8, 9], false],
    ["the labels show", { labels: LABELS }, "CHW", [8, 9, 3], true],
    ["the labels deny", { labels: LABELS }, "HWC", [3, 8, 9], false],
  ])("takes a map of scores for channels last where %s", (_, values, layout, shape, isLast) => {
    const { head } = choose(values, row(...shape), layout);
    expect(head).toMatchObject({ task: "segmentation", classes: shape[isLast ? 2 : 0] });
    expect("isChannelsLast" in head).toBe(isLast);
  });

  test("reads torchvision's out, and not aux", () => {
    const maps = { aux: tensor("float32", [2, 1, 1], [0, 0]), out: tensor("float32", [3, 1, 1], [0, 0, 0]) };
    expect(choose({}, maps).head).toMatchObject({ task: "segmentation", output: "out", classes: 3 });
  });

  test("takes every row of a model of plain tensors for plain tensors", () => {
    expect(choose({}, row(3), "none").head).toEqual({ task: "generic" });
    expect(choose({ labels: LABELS }, row(3), "none").head).toEqual({ task: "generic" });
  });

  test.each(["classification", "segmentation"] as const)(
    "believes a stated task of a model of plain tensors: %s",
    (task) => {
      const outputs = task === "classification" ? row(3) : row(3, 2, 2);
      expect(choose({ task }, outputs, "none")).toMatchObject({ head: { task }, origins: {} });
    },
  );

  test("leaves a picture's classes alone when the stated task is generic", () => {
    expect(choose({ task: "generic", labels: LABELS }, row(7)).head).toEqual({ task: "generic" });
  });

  test.each([
    ["classification", row(3, 2, 2), "[3, 2, 2]"],
    ["segmentation", row(3), "[3]"],
  ] as const)("refuses a stated task that the output does not fit: %s", (task, outputs, shape) => {
    const rank = task === "classification" ? 1 : 3;
    expect(() => choose({ task }, outputs)).toThrow(
      `serving.json: task ${task} needs an output row of ${rank} dimensions, "logits" gives ${shape}`,
    );
  });

  test("reads the output that is named, of several", () => {
    const outputs = { features: tensor("float32", [2], [1, 2]), ...row(3) };
    expect(choose({ output: "features" }, outputs).head).toMatchObject({ output: "features", classes: 2 });
  });

  test("reads the output called logits where none is named", () => {
    const outputs = { features: tensor("float32", [2], [1, 2]), ...row(3) };
    expect(choose({}, outputs).head).toMatchObject({ output: "logits", classes: 3 });
  });

  test("refuses a named output that there is not, listing those that there are", () => {
    expect(() => choose({ output: "probs" }, { a: tensor("float32", [], [1]), ...row(3) })).toThrow(
      'serving.json: output "probs" is not one of a, logits',
    );
  });

  test("refuses a stated task when it can't be told which output has the classes", () => {
    const outputs = { a: tensor("float32", [3], [1, 2, 3]), b: tensor("float32", [3], [1, 2, 3]) };
    expect(() => choose({ task: "classification" }, outputs)).toThrow(
      "serving.json: task classification needs to know its output: name one of a, b in serving.json (output)",
    );
  });

  test.each([
    [{ ...row(3) }, 3],
    [{ ...row(3, 2, 2) }, 3],
  ])("takes as many labels as there are classes", (outputs, classes) => {
    expect(choose({ labels: LABELS }, outputs)).toMatchObject({
      head: { labels: LABELS, classes },
      warnings: [],
    });
  });

  test.each([
    ["too few", row(4), 4],
    ["too many", row(2), 2],
    ["too few of a segmentation", row(4, 2, 2), 4],
    ["three for foreground and background", row(1, 2, 2), 1],
  ])("refuses labels that are %s", (_, outputs, classes) => {
    expect(() => choose({ labels: LABELS }, outputs)).toThrow(
      `serving.json: 3 labels, but the model has ${classes} classes`,
    );
  });

  test("refuses two labels for a segmentation of three classes", () => {
    expect(() => choose({ labels: ["background", "road"] }, row(3, 2, 2))).toThrow(
      "serving.json: 2 labels, but the model has 3 classes",
    );
  });

  test.each([[["road"]], [["background", "road"]]])(
    "takes %j for a segmentation of a single class",
    (labels) => {
      expect(choose({ labels }, row(1, 2, 2)).head).toMatchObject({ labels, activation: "sigmoid" });
    },
  );

  test.each([
    ["numbers that add up to one", [0.25, 0.5, 0.25], "none"],
    ["numbers that nearly do", [0.25, 0.5, 0.2504], "none"],
    ["numbers that do not", [0.25, 0.5, 0.5], "softmax"],
    ["one that is negative", [1.5, -0.25, -0.25], "softmax"],
    ["NaN", [Number.NaN, 0.5, 0.5], "softmax"],
    ["logits", [2, -1, 5], "softmax"],
  ])("guesses the activation from %s", (_, values, activation) => {
    expect(choose({}, { logits: tensor("float32", [3], values) }).head).toMatchObject({ activation });
  });

  test.each<[Partial<RecipeValues>, object]>([
    [{ activation: "sigmoid" }, { activation: "sigmoid", isMultiLabel: true }],
    [{ multiLabel: true }, { activation: "sigmoid", isMultiLabel: true }],
    [
      { multiLabel: true, activation: "none" },
      { activation: "none", isMultiLabel: true },
    ],
  ])("takes several classes as right at once from %j", (values, expected) => {
    expect(choose(values, row(3)).head).toMatchObject(expected);
  });

  test("keeps to one class with a sigmoid where the folder says so", () => {
    const { head } = choose({ activation: "sigmoid", multiLabel: false }, row(3));
    expect(head).not.toHaveProperty("isMultiLabel");
  });

  test("hands on the parameters that the folder states", () => {
    expect(choose({ parameters: { k: 3 } }, row(3)).head).toMatchObject({ parameters: { k: 3 } });
  });

  test.each([
    ["[h, w]", [8, 9]],
    ["[1, h, w]", [1, 8, 9]],
  ])("takes a picture's integers %s for classes that the model chose", (_, shape) => {
    const outputs = { classes: { dtype: "int64", shape, data: new BigInt64Array(72) } } as const;
    expect(choose({}, outputs).head).toEqual({
      task: "segmentation",
      output: "classes",
      isClassMap: true,
      classes: 255,
      activation: "none",
    });
    expect(choose({ labels: LABELS }, outputs).head).toMatchObject({ classes: 3, labels: LABELS });
    expect(choose({}, outputs, "none").head).toEqual({ task: "generic" });
  });

  test("takes a small table of integers for plain tensors, unless the task is stated", () => {
    const outputs = { table: tensor("int32", [2, 4], [0, 1, 2, 3, 4, 5, 6, 7]) };
    expect(choose({}, outputs).head).toEqual({ task: "generic" });
    expect(choose({ task: "segmentation" }, outputs).head).toMatchObject({ isClassMap: true });
  });

  test("believes a stated regression, of any number of outputs", () => {
    expect(choose({ task: "regression", labels: LABELS }, row(7)).head).toEqual({ task: "regression" });
    const outputs = { a: tensor("float32", [1], [1]), b: tensor("float32", [2], [1, 2]) };
    expect(choose({ task: "regression" }, outputs).head).toEqual({ task: "regression" });
  });

  test("guesses it from float16 as well", () => {
    const outputs = { logits: tensor("float16", [2], [0.25, 0.75]) };
    expect(choose({}, outputs)).toMatchObject({
      head: { activation: "none" },
      origins: { activation: expect.stringContaining("probabilities already") },
    });
  });

  test.each(["softmax", "sigmoid", "none"] as const)("believes a stated activation: %s", (activation) => {
    const { head, origins } = choose({ activation }, { logits: tensor("float32", [2], [0.25, 0.75]) });
    expect(head).toMatchObject({ activation });
    expect(origins).not.toHaveProperty("activation");
  });
});
