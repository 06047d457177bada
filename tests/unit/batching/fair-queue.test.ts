import { describe, expect, test } from "vitest";
import { FairQueue } from "../../../src/batching/fair-queue.ts";

const drain = (queue: FairQueue<string>) => {
  const items = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
};

describe("FairQueue", () => {
  test("gives the items of one flow in their order", () => {
    const queue = new FairQueue<string>();
    const flow = {};
    for (const item of ["a", "b", "c"]) queue.push(flow, item);
    expect(drain(queue)).toEqual(["a", "b", "c"]);
  });

  test("takes one item of each flow in turn, so a late single waits for one item of every other", () => {
    const queue = new FairQueue<string>();
    const [large, other, single] = [{}, {}, {}];
    for (const item of ["a1", "a2", "a3"]) queue.push(large, item);
    for (const item of ["b1", "b2"]) queue.push(other, item);
    queue.push(single, "c1");
    expect(drain(queue)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  });

  test("gives a flow that comes back the last turn", () => {
    const queue = new FairQueue<string>();
    const [a, b] = [{}, {}];
    queue.push(a, "a1");
    queue.push(b, "b1");
    expect(queue.shift()).toBe("a1");
    queue.push(a, "a2");
    expect(drain(queue)).toEqual(["b1", "a2"]);
  });

  test("removes all items of a flow and keeps the others", () => {
    const queue = new FairQueue<string>();
    const [a, b] = [{}, {}];
    queue.push(a, "a1");
    queue.push(b, "b1");
    queue.push(a, "a2");
    expect(queue.remove(a)).toEqual(["a1", "a2"]);
    expect(queue.size).toBe(1);
    expect(drain(queue)).toEqual(["b1"]);
  });
});
