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

  test("lets a newcomer go before the turns, once", () => {
    const queue = new FairQueue<string>();
    const [large, other, late] = [{}, {}, {}];
    for (const item of ["a1", "a2", "a3"]) queue.push(large, item);
    for (const item of ["b1", "b2", "b3"]) queue.push(other, item);
    expect([queue.shift(), queue.shift()]).toEqual(["a1", "b1"]);
    for (const item of ["c1", "c2"]) queue.push(late, item);
    expect(drain(queue)).toEqual(["c1", "a2", "b2", "c2", "a3", "b3"]);
  });

  test("keeps every second item for the turns while newcomers come without end", () => {
    const queue = new FairQueue<string>();
    const large = {};
    for (const item of ["a1", "a2", "a3", "a4"]) queue.push(large, item);
    const taken = [];
    for (let i = 0; i < 8; i++) {
      queue.push({}, "new");
      taken.push(queue.shift());
    }
    expect(taken).toEqual(["a1", "new", "a2", "new", "a3", "new", "a4", "new"]);
  });

  test("takes newcomers alone where asked to", () => {
    const queue = new FairQueue<string>();
    const large = {};
    for (const item of ["a1", "a2"]) queue.push(large, item);
    expect(queue.shift()).toBe("a1");
    expect(queue.shiftNewcomer()).toBeUndefined();
    queue.push({}, "b1");
    expect(queue.shiftNewcomer()).toBe("b1");
    expect(drain(queue)).toEqual(["a2"]);
  });

  test("gives a flow that comes back the last turn", () => {
    const queue = new FairQueue<string>();
    const [a, b] = [{}, {}];
    queue.push(a, "a1");
    for (const item of ["b1", "b2"]) queue.push(b, item);
    expect([queue.shift(), queue.shift()]).toEqual(["a1", "b1"]);
    queue.push(a, "a2");
    expect(drain(queue)).toEqual(["b2", "a2"]);
  });

  test.each([0, 1])("removes all items of a flow that was served %i times and keeps the others", (times) => {
    const queue = new FairQueue<string>();
    const [a, b] = [{}, {}];
    for (const item of ["a1", "a2", "a3"]) queue.push(a, item);
    queue.push(b, "b1");
    const items = ["a1", "a2", "a3"];
    for (let i = 0; i < times; i++) expect(queue.shift()).toBe(items.shift());
    expect(queue.remove(a)).toEqual(items);
    expect(queue.size).toBe(1);
    expect(drain(queue)).toEqual(["b1"]);
  });
});
