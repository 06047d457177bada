import { readFileSync } from "node:fs";

export interface RssSample {
  /** Since the sampler's start. */
  readonly minutes: number;
  readonly mib: number;
}

const EVERY_MS = 1000;

/** Reads a process's resident memory every second. Linux only. */
export class RssSampler {
  readonly #samples: RssSample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      const mib = rssMib(pid);
      // A process that has just ended has none; whoever waits for it says so.
      if (mib !== undefined) this.#samples.push({ minutes: (performance.now() - startMs) / 60_000, mib });
    }, EVERY_MS);
  }

  /** Stops reading, and returns what was read, oldest first. */
  stop(): readonly RssSample[] {
    clearInterval(this.#timer);
    return this.#samples;
  }
}

/**
 * Returns a process's resident memory in MiB, or undefined when it has ended.
 *
 * @see proc_pid_status(5): VmRSS, in KiB
 */
export function rssMib(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}
