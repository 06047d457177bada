import { describe, expect, test } from "vitest";
import type { SoakFigures } from "../../../benchmark/soak/measure-soak.ts";
import { soakChecks } from "../../../benchmark/soak/soak-checks.ts";

const STATE = {
  rssMib: 300,
  heapUsedMib: 20,
  externalMib: 10,
  arrayBuffersMib: 5,
  descriptors: 40,
  threads: 24,
  handles: 12,
  lagP99Ms: 4,
  unanswered: 0,
  restarts: 0,
};

/** Memory that grows in a straight line, a sample each second. */
function rss(minutes: number, growthMib: number) {
  return Array.from({ length: minutes * 60 }, (_, i) => ({
    minutes: i / 60,
    mib: 300 + (growthMib * i) / (minutes * 60),
  }));
}

const FLAT: SoakFigures = {
  capacityPerSecond: 10,
  offeredPerSecond: 8,
  before: STATE,
  after: STATE,
  minutes: [STATE, STATE, STATE],
  rss: rss(30, 0),
  saturatedRss: rss(1, 0),
  modelAlone: { beforeMib: 90, afterMib: 160 },
  faultCount: 0,
  faults: [],
};

function failed(figures: Partial<SoakFigures>): string[] {
  const checks = soakChecks({ ...FLAT, ...figures });
  return checks.filter(({ passed }) => passed === false).map(({ name }) => name);
}

describe("soakChecks", () => {
  test("pass where all stays as it was", () => {
    expect(soakChecks(FLAT).every(({ passed }) => passed)).toBe(true);
  });

  test.each<[string, Partial<SoakFigures>, RegExp]>([
    ["memory that grows by 80 MiB in 30 minutes", { rss: rss(30, 80) }, /resident memory/],
    ["memory that grows by 300 MiB in a minute", { rss: rss(1, 300) }, /resident memory/],
    ["descriptors that stay open", { after: { ...STATE, descriptors: 60 } }, /descriptors/],
    ["a thread more", { after: { ...STATE, threads: 25 } }, /threads/],
    ["handles that stay open", { after: { ...STATE, handles: 40 } }, /handles/],
    ["a worker that was replaced", { after: { ...STATE, restarts: 1 } }, /worker/],
    ["bytes that stay accepted", { after: { ...STATE, unanswered: 100 } }, /unanswered/],
    ["a loop that is late", { minutes: [{ ...STATE, lagP99Ms: 80 }] }, /event loop/],
    ["a crowd that takes 200 MiB", { saturatedRss: rss(1, 100) }, /saturated/],
    ["an answer that nobody may get", { faultCount: 1 }, /every answer/],
  ])("fail for %s", (_, figures, name) => {
    expect(failed(figures)).toEqual([expect.stringMatching(name)]);
  });

  test("let memory settle in the first fifth", () => {
    const settling = rss(30, 0).map((sample) => ({ ...sample, mib: sample.minutes < 5 ? 100 : 300 }));
    expect(failed({ rss: settling })).toEqual([]);
  });

  test("skip what can't be looked at", () => {
    const checks = soakChecks({ ...FLAT, minutes: [], modelAlone: undefined });
    expect(checks.filter(({ passed }) => passed === undefined)).toHaveLength(2);
  });
});
