import { describe, expect, test } from "vitest";
import { readClassMap, toSourceClasses } from "../../../src/signature/ready-class-map.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

describe("readClassMap", () => {
  test.each([
    ["int64", [2, 2]],
    ["int32", [1, 2, 2]],
    ["uint8", [2, 2]],
  ] as const)("takes %s of shape %j as they are", (dtype, shape) => {
    expect(readClassMap(tensor(dtype, [...shape], [0, 3, 254, 1]), 255)).toEqual(
      tensor("uint8", [2, 2], [0, 3, 254, 1]),
    );
  });

  test("takes more than 255 classes as uint16", () => {
    expect(readClassMap(tensor("int64", [1, 2], [256, 300]), 301)).toEqual(
      tensor("uint16", [1, 2], [256, 300]),
    );
  });

  test("takes a number that no class can have for unseen", () => {
    expect(readClassMap(tensor("int32", [1, 4], [-1, 255, 256, 70_000]), 3).data).toEqual(
      Uint8Array.of(255, 255, 255, 255),
    );
  });

  test("takes channels last too: [h, w, 1]", () => {
    expect(readClassMap(tensor("int32", [2, 3, 1], [0, 1, 2, 2, 1, 0]), 3).shape).toEqual([2, 3]);
  });

  test("throws INTERNAL for another shape", () => {
    expect(() => readClassMap(tensor("int32", [2, 1, 2], [0, 1, 2, 3]), 3)).toThrow(
      expect.objectContaining({ code: "INTERNAL" }),
    );
  });
});

describe("toSourceClasses", () => {
  test.each([
    ["its own size", 2, 2, [0, 1, 2, 3]],
    ["twice the size", 4, 4, [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]],
    ["three columns, the middle one nearer to none", 1, 3, [2, 3, 3]],
    ["one pixel", 1, 1, [3]],
  ])("takes the nearest class, at %s", (_, height, width, expected) => {
    const source = { height, width };
    const map = tensor("uint8", [2, 2], [0, 1, 2, 3]);
    const mask = toSourceClasses(map, { source, resized: source, top: 0, left: 0, row: source });
    expect(mask).toEqual(tensor("uint8", [height, width], expected));
  });

  test("marks what a crop cut off", () => {
    const size = { height: 1, width: 4 };
    const map = tensor("uint16", [1, 2], [300, 301]);
    const row = { height: 1, width: 2 };
    expect(toSourceClasses(map, { source: size, resized: size, top: 0, left: 1, row })).toEqual(
      tensor("uint16", [1, 4], [65_535, 300, 301, 65_535]),
    );
  });
});
