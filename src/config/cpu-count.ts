/** Where the kernel says how much CPU time a container gets, and how to read it. */
export interface CpuSources {
  /** CPUs that the process may be scheduled on: `os.availableParallelism()`. */
  readonly schedulable: number;
  /** Returns a file's text, or undefined where it can't be read. */
  readonly readFile: (path: string) => string | undefined;
}

/**
 * Returns the CPUs to plan threads for: the cgroup's quota, rounded up, and never more than the
 * process may be scheduled on. Without a quota, the latter.
 *
 * @see kernel docs, cgroup-v2 `cpu.max` ("max 100000" or "150000 100000") and cgroup-v1 `cpu.cfs_quota_us`
 */
export function cpuCount({ schedulable, readFile }: CpuSources): number {
  const v2 = readFile("/sys/fs/cgroup/cpu.max")?.trim().split(" ");
  const [quota, period] = v2 ?? [
    readFile("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")?.trim(),
    readFile("/sys/fs/cgroup/cpu/cpu.cfs_period_us")?.trim(),
  ];
  const cpus = Number(quota) / Number(period);
  return cpus > 0 && Number.isFinite(cpus) ? Math.min(schedulable, Math.ceil(cpus)) : schedulable;
}
