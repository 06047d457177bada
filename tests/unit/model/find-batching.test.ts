import { describe, expect, test } from "vitest";
import { findBatching } from "../../../src/model/find-batching.ts";
import type { Dimension } from "../../../src/tensor/tensor.ts";

type Shapes = readonly (readonly Dimension[])[];

function find(inputs: Shapes, outputs: Shapes, isImage: boolean) {
  const specs = (shapes: Shapes) =>
    shapes.map((shape, i) => ({ name: `t${i}`, dtype: "float32" as const, shape }));
  return findBatching({ inputs: specs(inputs), outputs: specs(outputs), provider: "cpu" }, isImage);
}

describe("findBatching", () => {
  test.each<[string, Shapes, Shapes, boolean, object]>([
    ["a named axis 0 everywhere", [["N", 3, 8, 8]], [["N", 10]], true, { kind: "rows" }],
    ["an unnamed axis 0 everywhere", [["", 3, 8, 8]], [["", 10]], true, { kind: "rows" }],
    ["axes named differently", [["batch", 3, 8, 8]], [["Addoutput_dim_0", 10]], true, { kind: "rows" }],
    ["plain tensors with an open axis 0", [["N"]], [["N"]], false, { kind: "rows" }],
    ["two inputs, two outputs", [["N", 2], ["N"]], [["N"], ["N", 4]], false, { kind: "rows" }],
    ["pictures of a batch of one", [[1, 3, 8, 8]], [[1, 10]], true, { kind: "rows", fixedBatchSize: 1 }],
    ["pictures of a batch of eight", [[8, 3, 8, 8]], [[8, 10]], true, { kind: "rows", fixedBatchSize: 8 }],
    [
      "a fixed batch whose output is open",
      [[4, 3, 8, 8]],
      [["", 10]],
      true,
      { kind: "rows", fixedBatchSize: 4 },
    ],
    ["a fixed batch that the output has not", [[4, 3, 8, 8]], [[1, 10]], true, { kind: "whole" }],
    ["an open batch, an output of fixed size", [["N", 3, 8, 8]], [[100, 6]], true, { kind: "whole" }],
    ["a table of fixed size", [[2, 3]], [[2, 3]], false, { kind: "whole" }],
    ["an output without an axis", [["N"]], [[]], false, { kind: "whole" }],
    ["an input without an axis", [["N"], []], [["N"]], false, { kind: "whole" }],
    ["no input", [], [["N"]], false, { kind: "whole" }],
  ])("reads %s", (_, inputs, outputs, isImage, batching) => {
    expect(find(inputs, outputs, isImage)).toEqual(batching);
  });

  test("takes torchvision's lists for what was found in one picture", () => {
    const spec = (name: string, shape: readonly Dimension[]) => ({ name, dtype: "float32" as const, shape });
    const outputs = [spec("boxes", ["n", 4]), spec("labels", ["n"]), spec("scores", ["n"])];
    const inputs = [spec("images", [1, 3, 8, 8])];
    expect(findBatching({ inputs, outputs, provider: "cpu" }, true)).toEqual({ kind: "whole" });
    expect(findBatching({ inputs: [spec("image", [3, 8, 8])], outputs, provider: "cpu" }, true)).toEqual({
      kind: "whole",
      isRow: true,
    });
    const batched = [spec("boxes", ["N", "n", 4]), spec("labels", ["N", "n"]), spec("scores", ["N", "n"])];
    expect(findBatching({ inputs, outputs: batched, provider: "cpu" }, true)).toMatchObject({ kind: "rows" });
  });
});
