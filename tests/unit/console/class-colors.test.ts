import { describe, expect, test } from "vitest";
import { classColor, cssColor } from "../../../src/console/class-colors.ts";

const distance = (a: readonly number[], b: readonly number[]) =>
  Math.hypot(...a.map((value, i) => value - (b[i] ?? 0)));

describe("classColor", () => {
  test("tells the first twenty classes apart", () => {
    const colors = Array.from({ length: 20 }, (_, index) => classColor(index));
    for (const [i, color] of colors.entries()) {
      for (const other of colors.slice(i + 1)) expect(distance(color, other)).toBeGreaterThan(20);
    }
  });

  test("tells neighbours far apart, also in long lists", () => {
    for (let index = 0; index < 1000; index++) {
      expect(distance(classColor(index), classColor(index + 1))).toBeGreaterThan(90);
    }
  });

  test("stays within a byte, and is neither black nor white", () => {
    for (let index = 0; index < 300; index++) {
      const color = classColor(index);
      expect(color.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
      expect(Math.max(...color) - Math.min(...color)).toBeGreaterThan(100);
    }
  });
});

describe("cssColor", () => {
  test("writes a colour as CSS does", () => {
    expect(cssColor([1, 20, 255])).toBe("rgb(1 20 255)");
  });
});
