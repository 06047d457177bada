import { readFileSync } from "node:fs";

/** What some work took, all threads of its process counted. */
export interface Cost {
  readonly images: number;
  readonly imagesPerSecond: number;
  readonly cpuMsPerImage: number;
}

export interface MeterOptions {
  /** Work to do over and over; returns how many images it was. */
  readonly step: (round: number) => Promise<number> | number;
  /** How long it is measured; a quarter of that before it is not. */
  readonly seconds: number;
}

/** Repeats `step` alone in this process and returns what an image of it costs. */
export async function measureCost({ step, seconds }: MeterOptions): Promise<Cost> {
  await repeat(step, seconds / 4);
  const cpuBefore = process.cpuUsage();
  const { images, wallMs } = await repeat(step, seconds);
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    images,
    imagesPerSecond: (images / wallMs) * 1000,
    cpuMsPerImage: (user + system) / 1000 / images,
  };
}

/** At least three rounds, so that one slow round is not the whole answer. */
async function repeat(
  step: MeterOptions["step"],
  seconds: number,
): Promise<{ images: number; wallMs: number }> {
  const startMs = performance.now();
  let images = 0;
  let round = 0;
  while (round < 3 || performance.now() - startMs < seconds * 1000) images += await step(round++);
  return { images, wallMs: performance.now() - startMs };
}

/** Linux counts a process's time in ticks of 1/100 s, whatever the kernel's own clock. */
const MS_PER_TICK = 10;

/**
 * Returns the CPU time that another process and its threads have used, user and system, in milliseconds
 * (steps of 10); undefined where there is no /proc, which is everywhere but on Linux.
 *
 * @see proc_pid_stat(5): fields 14 and 15, utime and stime
 */
export function processCpuMs(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses, which may hold spaces; the third follows.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}
