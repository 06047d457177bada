import { readFileSync, writeFileSync } from "node:fs";

/**
 * Runs `work`, and returns by how much a process's resident memory rose above what it was before, at most. Linux only.
 *
 * Units: MiB.
 *
 * @see proc_pid_clear_refs(5), proc_pid_status(5): VmHWM and VmRSS
 */
export async function peakGrowthMib(pid: number, work: () => Promise<unknown>): Promise<number> {
  // 5 sets the peak back to what is resident now.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  const before = readMib(pid, "VmRSS");
  await work();
  return Math.max(0, readMib(pid, "VmHWM") - before);
}

function readMib(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [, kib] = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  if (kib === undefined) throw new Error(`no ${field} of process ${pid}`);
  return Number(kib) / 1024;
}
