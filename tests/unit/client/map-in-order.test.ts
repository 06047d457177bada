import { describe, expect, test } from "vitest";
import { mapInOrder } from "../../../src/client/map-in-order.ts";

async function collect<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe("mapInOrder", () => {
  test("yields results in the order of the items, whichever is ready first", async () => {
    const ready = new Map<number, () => void>();
    const results = collect(
      mapInOrder([0, 1, 2], { concurrency: 3 }, async (item) => {
        await new Promise<void>((resolve) => ready.set(item, resolve));
        return item * 10;
      }),
    );
    while (ready.size < 3) await Promise.resolve();
    for (const item of [2, 0, 1]) ready.get(item)?.();
    expect(await results).toEqual([0, 10, 20]);
  });

  test("goes on behind a slow item, no further than the window", async () => {
    let begun = 0;
    let finishFirst: (() => void) | undefined;
    const results = mapInOrder(Array(100).keys(), { concurrency: 2, window: 6 }, async (item) => {
      begun += 1;
      if (item === 0) await new Promise<void>((resolve) => (finishFirst = resolve));
      return item;
    });
    const all = collect(results);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toBe(6);
    finishFirst?.();
    expect(await all).toHaveLength(100);
  });

  test("yields what is ready while the source is slow", async () => {
    async function* source() {
      yield 1;
      await new Promise(() => {});
    }
    const results = mapInOrder(source(), { concurrency: 2 }, async (item) => item);
    expect(await results.next()).toEqual({ done: false, value: 1 });
  });

  test("throws what fails when its turn has come, and stops reading", async () => {
    let read = 0;
    function* source() {
      for (;;) yield read++;
    }
    const results = mapInOrder(source(), { concurrency: 1 }, async (item) => {
      if (item === 2) throw new Error("third");
      return item;
    });
    expect([(await results.next()).value, (await results.next()).value]).toEqual([0, 1]);
    await expect(results.next()).rejects.toThrow("third");
    const before = read;
    await new Promise((resolve) => setImmediate(resolve));
    expect(read).toBe(before);
  });

  test("throws what the source throws, behind the results before it", async () => {
    async function* source() {
      yield 1;
      throw new Error("source");
    }
    const results = mapInOrder(source(), { concurrency: 2 }, async (item) => item);
    expect((await results.next()).value).toBe(1);
    await expect(results.next()).rejects.toThrow("source");
  });

  test("stops waiting for the source when aborted", async () => {
    async function* source() {
      await new Promise(() => {});
      yield 1;
    }
    const controller = new AbortController();
    const next = mapInOrder(
      source(),
      { concurrency: 1, signal: controller.signal },
      async (item) => item,
    ).next();
    controller.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
  });
});
