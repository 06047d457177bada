import { describe, expect, test } from "vitest";
import { ImageWorkTime } from "../../../src/image-workers/image-work-time.ts";

/** Takes in `count` tasks of one kind that took `ms`. */
function tasks(time: ImageWorkTime, kind: Parameters<ImageWorkTime["taskEnded"]>[0], ms: number, count = 1) {
  for (let i = 0; i < count; i++) time.taskEnded(kind, ms);
}

describe("ImageWorkTime", () => {
  test("is 0 while no image was preprocessed", () => {
    const time = new ImageWorkTime(2);
    tasks(time, "load_handler", 900);
    tasks(time, "render", 50);
    expect(time.perImageMs).toBe(0);
  });

  test("says nothing before each of two workers did some, whose first start them up", () => {
    const time = new ImageWorkTime(2);
    tasks(time, "preprocess", 4000, 2);
    tasks(time, "preprocess", 4, 5);
    expect(time.perImageMs).toBe(0);
    tasks(time, "preprocess", 4);
    expect(time.perImageMs).toBe(4);
  });

  test("is the mean of the latest images", () => {
    const time = new ImageWorkTime(2);
    for (let i = 0; i < 200; i++) tasks(time, "preprocess", i % 2 === 0 ? 4 : 8);
    expect(time.perImageMs).toBeCloseTo(6, 0);
  });

  test("follows the latest images", () => {
    const time = new ImageWorkTime(2);
    tasks(time, "preprocess", 5, 100);
    tasks(time, "preprocess", 15, 100);
    expect(time.perImageMs).toBeGreaterThan(14.5);
  });

  test("adds the rendering, as often as images need it, in whatever order they end", () => {
    const time = new ImageWorkTime(2);
    for (let i = 0; i < 50; i++) {
      tasks(time, "preprocess", 5, 4);
      tasks(time, "render", 20, 1);
      tasks(time, "postprocess", 20, 1);
    }
    expect(time.perImageMs).toBeGreaterThan(5 + 0.4 * 20);
    expect(time.perImageMs).toBeLessThan(5 + 0.6 * 20);
  });

  test("is moved little by an image that hung", () => {
    const time = new ImageWorkTime(2);
    tasks(time, "preprocess", 5, 100);
    tasks(time, "preprocess", 10_000);
    expect(time.perImageMs).toBeLessThan(5 * 1.25);
  });
});
