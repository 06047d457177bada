import { describe, expect, test } from "vitest";
import { FairPermits } from "../../../src/batching/fair-permits.ts";
import { settle } from "../../support/puppet-runner.ts";

/** Asks for a permit and writes the name down when it is granted. */
const ask = (permits: FairPermits, flow: object, name: string, granted: string[]) =>
  permits.acquire(flow).then(() => granted.push(name));

describe("FairPermits", () => {
  test("grants at once while permits are free", async () => {
    const permits = new FairPermits({ permits: 2 });
    const granted: string[] = [];
    for (const name of ["1", "2", "3"]) void ask(permits, {}, name, granted);
    await settle();
    expect(granted).toEqual(["1", "2"]);
    expect(permits.waiting).toBe(1);
  });

  test("hands a released permit to a newcomer, then in turns", async () => {
    const permits = new FairPermits({ permits: 1 });
    const granted: string[] = [];
    const [large, single] = [{}, {}];
    for (const name of ["l1", "l2", "l3"]) void ask(permits, large, name, granted);
    void ask(permits, single, "s1", granted);
    for (let i = 0; i < 3; i++) {
      permits.release(0);
      await settle();
    }
    expect(granted).toEqual(["l1", "s1", "l2", "l3"]);
  });

  test("gives each holder a number of its own, and a released one to the next", async () => {
    const permits = new FairPermits({ permits: 3 });
    expect(await Promise.all([1, 2, 3].map(() => permits.acquire({})))).toEqual([0, 1, 2]);
    const waiting = permits.acquire({});
    permits.release(1);
    expect(await waiting).toBe(1);
    permits.release(2);
    expect(await permits.acquire({})).toBe(2);
  });

  test("keeps the reserved ones for the first of each flow", async () => {
    const permits = new FairPermits({ permits: 1, reserved: 1 });
    const granted: string[] = [];
    const [large, single] = [{}, {}];
    for (const name of ["l1", "l2", "l3"]) void ask(permits, large, name, granted);
    await settle();
    expect(granted).toEqual(["l1"]);
    void ask(permits, single, "s1", granted);
    void ask(permits, single, "s2", granted);
    await settle();
    expect(granted).toEqual(["l1", "s1"]);
    permits.release(1);
    await settle();
    expect(granted).toEqual(["l1", "s1"]);
    permits.release(0);
    await settle();
    expect(granted).toEqual(["l1", "s1", "l2"]);
  });

  test("rejects the waiting ones of a cancelled flow and leaves its permits to others", async () => {
    const permits = new FairPermits({ permits: 1 });
    const granted: string[] = [];
    const [gone, other] = [{}, {}];
    await ask(permits, other, "o1", granted);
    const waiting = permits.acquire(gone);
    void ask(permits, other, "o2", granted);
    permits.cancel(gone, new Error("left"));
    await expect(waiting).rejects.toThrow("left");
    permits.release(0);
    await settle();
    expect(granted).toEqual(["o1", "o2"]);
  });
});
