import { describe, expect, test } from "vitest";
import { cpuCount } from "../../../src/config/cpu-count.ts";

const V2 = "/sys/fs/cgroup/cpu.max";
const V1_QUOTA = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us";
const V1_PERIOD = "/sys/fs/cgroup/cpu/cpu.cfs_period_us";

function count(schedulable: number, files: Readonly<Record<string, string>>): number {
  return cpuCount({ schedulable, readFile: (path) => files[path] });
}

describe("cpuCount", () => {
  test.each([
    ["two CPUs", "200000 100000\n", 2],
    ["one and a half, rounded up", "150000 100000\n", 2],
    ["a tenth, rounded up to one", "10000 100000\n", 1],
    ["more than can be scheduled", "6400000 100000\n", 8],
    ["no limit", "max 100000\n", 8],
    ["a file that says nothing", "\n", 8],
    ["a file that holds no numbers", "unlimited\n", 8],
    ["a period of zero", "100000 0\n", 8],
  ])("reads the quota of cgroup v2: %s", (_, text, cpus) => {
    expect(count(8, { [V2]: text })).toBe(cpus);
  });

  test.each([
    ["three CPUs", "300000\n", "100000\n", 3],
    ["two and a half, rounded up", "250000\n", "100000\n", 3],
    ["a period of its own", "50000\n", "25000\n", 2],
    ["no limit", "-1\n", "100000\n", 8],
  ])("reads the quota of cgroup v1: %s", (_, quota, period, cpus) => {
    expect(count(8, { [V1_QUOTA]: quota, [V1_PERIOD]: period })).toBe(cpus);
  });

  test("believes cgroup v2 where both exist", () => {
    expect(count(8, { [V2]: "100000 100000", [V1_QUOTA]: "400000", [V1_PERIOD]: "100000" })).toBe(1);
  });

  test("gives the CPUs that can be scheduled where there is no cgroup", () => {
    expect(count(6, {})).toBe(6);
  });

  test("gives the CPUs that can be scheduled where the period of cgroup v1 can't be read", () => {
    expect(count(6, { [V1_QUOTA]: "100000" })).toBe(6);
  });
});
