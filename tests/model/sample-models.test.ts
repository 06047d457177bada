import { describe, expect, test } from "vitest";
import type { DType } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import {
  channelsLast,
  classifier,
  colorOfNumber,
  float16Image,
  imageEcho,
  segmentation,
  staticBatchOne,
  uint8Image,
} from "../support/onnx/image-models.ts";
import { runModel } from "../support/onnx/run-model.ts";
import { slowClassifier, slowModel } from "../support/onnx/slow-model.ts";
import {
  halfPlusTwo,
  identity,
  nanOutput,
  noBatchAxis,
  scalarOutput,
  severalOutputs,
  twoInputs,
} from "../support/onnx/tensor-models.ts";
import { tensor } from "../support/onnx/tensor-proto.ts";

const numbers = (output: Tensor | undefined) => Array.from(output?.data ?? [], Number);

/** Returns float32 pictures of one colour each, [n, 3, size, size]. */
function pictures(colors: readonly (readonly number[])[], size = 8): Tensor {
  const pixels = size * size;
  const values = colors.flatMap((color) => color.flatMap((level) => new Array<number>(pixels).fill(level)));
  return tensor("float32", [colors.length, 3, size, size], values);
}

describe("halfPlusTwo", () => {
  test("halves each number and adds two", async () => {
    const { y } = await runModel(halfPlusTwo(), { x: tensor("float32", [3], [1, 2, 5]) });
    expect(y).toEqual(tensor("float32", [3], [2.5, 3, 4.5]));
  });
});

describe("identity", () => {
  test.each<[DType, (number | string)[]]>([
    ["float32", [0.1, -1, 0, 7]],
    ["float16", [0.5, 1, 0, 65504]],
    ["int64", ["9007199254740993", -1, 0, 1]],
    ["uint8", [0, 1, 254, 255]],
    ["bool", [0, 1, 1, 0]],
    ["string", ["a", "", "ü", "\u{1f600}"]],
  ])("gives back %s, by rows of one and of two", async (dtype, values) => {
    const flat = tensor(dtype, [4], values);
    const table = tensor(dtype, [2, 2], values);
    expect((await runModel(identity(dtype), { x: flat })).y).toEqual(flat);
    expect((await runModel(identity(dtype, ["k"]), { x: table })).y).toEqual(table);
  });
});

describe("twoInputs", () => {
  test("adds its inputs", async () => {
    const feeds = { a: tensor("float32", [1, 2], [1, 2]), b: tensor("float32", [1, 2], [10, 20]) };
    expect((await runModel(twoInputs(), feeds)).sum).toEqual(tensor("float32", [1, 2], [11, 22]));
  });
});

describe("severalOutputs", () => {
  test("gives the sum, the double and the place of the largest of each row", async () => {
    const output = await runModel(severalOutputs(), { x: tensor("float32", [2, 3], [1, 2, 3, 9, 5, 6]) });
    expect(output).toEqual({
      sum: tensor("float32", [2, 1], [6, 20]),
      doubled: tensor("float32", [2, 3], [2, 4, 6, 18, 10, 12]),
      largest: tensor("int64", [2], [2, 0]),
    });
  });
});

describe("scalarOutput", () => {
  test("gives one number without an axis", async () => {
    const { mean } = await runModel(scalarOutput(), { x: tensor("float32", [3], [1, 2, 6]) });
    expect(mean).toEqual(tensor("float32", [], [3]));
  });
});

describe("noBatchAxis", () => {
  test("takes [2, 3] and refuses [3, 3]", async () => {
    const { y } = await runModel(noBatchAxis(), { x: tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]) });
    expect(y).toEqual(tensor("float32", [2, 3], [2, 4, 6, 8, 10, 12]));
    const wrong = tensor("float32", [3, 3], new Array<number>(9).fill(0));
    await expect(runModel(noBatchAxis(), { x: wrong })).rejects.toThrow();
  });
});

describe("nanOutput", () => {
  test("gives the number, NaN and Infinity", async () => {
    const { y } = await runModel(nanOutput(), { x: tensor("float32", [2, 1], [1, -2]) });
    expect(numbers(y)).toEqual([
      1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -2,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]);
  });
});

describe("classifier", () => {
  test.each([
    { size: 8, fixed: true },
    { size: 5, fixed: false },
  ])(
    "gives the mean of each channel of a picture of $size pixels, fixed size: $fixed",
    async ({ size, fixed }) => {
      const model = fixed ? classifier() : classifier({ height: "H", width: "W" });
      const { logits } = await runModel(model, {
        image: pictures(
          [
            [1, 0.5, 0],
            [0, 0, 2],
          ],
          size,
        ),
      });
      expect(logits?.shape).toEqual([2, 3]);
      expect(numbers(logits)).toEqual([1, 0.5, 0, 0, 0, 2]);
    },
  );
});

describe("staticBatchOne", () => {
  test("takes one picture and refuses two", async () => {
    const { logits } = await runModel(staticBatchOne(), { image: pictures([[1, 2, 3]]) });
    expect(logits).toEqual(tensor("float32", [1, 3], [1, 2, 3]));
    const two = pictures([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    await expect(runModel(staticBatchOne(), { image: two })).rejects.toThrow();
  });
});

describe("imageEcho", () => {
  const some = [0, 1, 255, 256, 65535, 65536, 0x123456, 0xfedcba, 0xffffff];

  test.each([255, 1])("reads the number that a picture's colour stands for, at scale %d", async (scale) => {
    const colors = some.map((number) => colorOfNumber(number).map((level) => level / scale));
    const { number } = await runModel(imageEcho({ scale }), { image: pictures(colors) });
    expect(number).toEqual(tensor("float32", [some.length, 1], some));
  });
});

describe("segmentation", () => {
  test.each([2, 3, 4] as const)("scores each pixel for %d classes", async (classes) => {
    const { scores } = await runModel(segmentation({ classes }), { image: pictures([[0.25, 0.5, 1]]) });
    const levels = [0.25, 0.5, 1, 0.25].slice(0, classes);
    const expected = levels.flatMap((level) => new Array<number>(64).fill(level));
    expect(scores).toEqual(tensor("float32", [1, classes, 8, 8], expected));
  });
});

describe("channelsLast", () => {
  test("gives the mean of each channel", async () => {
    const image = tensor(
      "float32",
      [1, 8, 8, 3],
      Array.from({ length: 192 }, (_, i) => i % 3),
    );
    expect((await runModel(channelsLast(), { image })).logits).toEqual(tensor("float32", [1, 3], [0, 1, 2]));
  });
});

describe("float16Image", () => {
  test("gives the mean of each channel in half precision", async () => {
    const image = tensor("float16", [1, 3, 8, 8], numbers(pictures([[0.5, 1, 2]])));
    expect((await runModel(float16Image(), { image })).logits).toEqual(
      tensor("float16", [1, 3], [0.5, 1, 2]),
    );
  });
});

describe("uint8Image", () => {
  test("gives the mean of each channel", async () => {
    const image = tensor("uint8", [1, 3, 8, 8], numbers(pictures([[0, 128, 255]])));
    expect((await runModel(uint8Image(), { image })).logits).toEqual(
      tensor("float32", [1, 3], [0, 128, 255]),
    );
  });
});

describe("slowModel", () => {
  test("gives its input back", async () => {
    const x = tensor("float32", [3, 1], [1, -2, 0.1]);
    expect((await runModel(slowModel({ products: 2 }), { x })).y).toEqual(x);
  });

  test("is a small file when it takes seconds", () => {
    expect(slowModel({ products: 460 }).byteLength).toBeLessThan(100_000);
  });
});

describe("slowClassifier", () => {
  test("gives the mean of each channel", async () => {
    const { logits } = await runModel(slowClassifier({ products: 2 }), { image: pictures([[1, 2, 3]]) });
    expect(numbers(logits)).toEqual([1, 2, 3]);
  });
});
