import { describe, expect, test } from "vitest";
import { FairBudget } from "../../../src/batching/fair-budget.ts";
import { settle } from "../../support/puppet-runner.ts";

const ask = (budget: FairBudget, flow: object, amount: number, name: string, granted: string[]) =>
  budget.acquire(flow, amount).then(
    () => granted.push(name),
    (reason: unknown) => granted.push(`${name} ${reason}`),
  );

describe("FairBudget", () => {
  test("grants at once what is free, and the next when enough is given back", async () => {
    const budget = new FairBudget(10);
    const granted: string[] = [];
    for (const [name, amount] of Object.entries({ a: 6, b: 4, c: 5 })) {
      void ask(budget, {}, amount, name, granted);
    }
    await settle();
    expect(granted).toEqual(["a", "b"]);
    budget.release(4);
    await settle();
    expect(granted).toEqual(["a", "b"]);
    budget.release(6);
    await settle();
    expect(granted).toEqual(["a", "b", "c"]);
  });

  test("lets no small part pass a large one whose turn it is", async () => {
    const budget = new FairBudget(10);
    const granted: string[] = [];
    void ask(budget, {}, 6, "first", granted);
    void ask(budget, {}, 10, "large", granted);
    void ask(budget, {}, 1, "small", granted);
    await settle();
    expect(granted).toEqual(["first"]);
    budget.release(6);
    await settle();
    expect(granted).toEqual(["first", "large"]);
    budget.release(10);
    await settle();
    expect(granted).toEqual(["first", "large", "small"]);
  });

  test("takes turns between flows", async () => {
    const budget = new FairBudget(1);
    const granted: string[] = [];
    const [many, single] = [{}, {}];
    for (const name of ["m1", "m2", "m3"]) void ask(budget, many, 1, name, granted);
    await settle();
    void ask(budget, single, 1, "s", granted);
    for (let i = 0; i < 3; i++) {
      budget.release(1);
      await settle();
    }
    expect(granted.indexOf("s")).toBeLessThan(granted.indexOf("m3"));
  });

  test("rejects what a flow waits for, also where its turn has come, and goes on with the others", async () => {
    const budget = new FairBudget(10);
    const granted: string[] = [];
    const leaving = {};
    void ask(budget, {}, 8, "first", granted);
    void ask(budget, leaving, 9, "turn", granted);
    void ask(budget, leaving, 9, "behind", granted);
    void ask(budget, {}, 2, "other", granted);
    await settle();
    budget.cancel(leaving, "left");
    await settle();
    expect(granted).toHaveLength(4);
    expect(granted[0]).toBe("first");
    expect(new Set(granted.slice(1))).toEqual(new Set(["turn left", "behind left", "other"]));
  });

  test("gives nothing back for a flow that holds its part already", async () => {
    const budget = new FairBudget(1);
    const granted: string[] = [];
    const holder = {};
    void ask(budget, holder, 1, "holder", granted);
    budget.cancel(holder, "left");
    void ask(budget, {}, 1, "next", granted);
    await settle();
    expect(granted).toEqual(["holder"]);
  });
});
