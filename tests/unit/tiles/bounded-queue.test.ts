import { describe, expect, test } from "vitest";
import { BoundedQueue } from "../../../src/tiles/bounded-queue.ts";

describe("BoundedQueue", () => {
  test("lets whoever puts wait while it is full", async () => {
    const queue = new BoundedQueue<number>(2);
    const landed: number[] = [];
    const puts = [1, 2, 3, 4].map((item) => queue.put(item).then(() => landed.push(item)));
    await Promise.resolve();
    expect(landed).toEqual([1, 2]);
    expect(await queue.take(10)).toEqual([1, 2]);
    await Promise.all(puts);
    expect(landed).toEqual([1, 2, 3, 4]);
    expect(await queue.take(1)).toEqual([3]);
  });

  test("hands over one item as soon as it is there", async () => {
    const queue = new BoundedQueue<string>(5);
    const taken = queue.take(5);
    await queue.put("first");
    expect(await taken).toEqual(["first"]);
  });

  test("gives what is left when it is closed, then nothing", async () => {
    const queue = new BoundedQueue<number>(1);
    void queue.put(1);
    void queue.put(2);
    queue.close();
    expect(await queue.take(9)).toEqual([1]);
    expect(await queue.take(9)).toEqual([2]);
    expect(await queue.take(9)).toEqual([]);
  });

  test("ends all who take when it is closed", async () => {
    const queue = new BoundedQueue<number>(1);
    const takers = [queue.take(1), queue.take(1)];
    queue.close();
    expect(await Promise.all(takers)).toEqual([[], []]);
  });

  test("fails all who wait and all who come", async () => {
    const queue = new BoundedQueue<number>(1);
    await queue.put(1);
    const putting = queue.put(2);
    queue.fail(new Error("broken"));
    await expect(putting).rejects.toThrow("broken");
    await expect(queue.take(1)).rejects.toThrow("broken");
    await expect(queue.put(3)).rejects.toThrow("broken");
  });
});
