import { readdirSync, readFileSync } from "node:fs";

/** Linux counts a process's time in ticks of 1/100 s, whatever the kernel's own clock. */
const MS_PER_TICK = 10;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly ticks: number;
}

/**
 * Returns the processes of a tree: `root`, what descends from it, and what is in its session, which is where a
 * child stays whose parent has died. Order: none.
 */
export function processTree(root: number): number[] {
  return readTree(root).map(({ pid }) => pid);
}

/**
 * Returns the CPU time that a tree of processes has used, user and system, in milliseconds (steps of 10): all
 * living ones, and the dead ones that one of them has waited for. NaN where there is no /proc, which is
 * everywhere but on Linux.
 *
 * @see proc_pid_stat(5): fields 14 to 17, utime, stime, cutime and cstime
 */
export function treeCpuMs(root: number): number {
  if (process.platform !== "linux") return Number.NaN;
  return readTree(root).reduce((sum, { ticks }) => sum + ticks, 0) * MS_PER_TICK;
}

function readTree(root: number): Process[] {
  const processes = readProcesses();
  const inTree = new Set([root]);
  // A child can stand before its parent; each pass finds at least one level more.
  for (let before = 0; before !== inTree.size; ) {
    before = inTree.size;
    for (const { pid, parent, session } of processes) {
      if (inTree.has(parent) || session === root) inTree.add(pid);
    }
  }
  return processes.filter(({ pid }) => inTree.has(pid));
}

function readProcesses(): Process[] {
  if (process.platform !== "linux") return [];
  const processes: Process[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      processes.push(parse(Number(name), readFileSync(`/proc/${name}/stat`, "utf8")));
    } catch {
      // It ended while we looked.
    }
  }
  return processes;
}

function parse(pid: number, stat: string): Process {
  // The second field is the program's name in parentheses, which may hold spaces; the third follows.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const number = (field: number) => Number(fields[field - 3]);
  const ticks = number(14) + number(15) + number(16) + number(17);
  return { pid, parent: number(4), session: number(6), ticks };
}
