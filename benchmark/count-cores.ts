import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { cpuCount } from "../src/config/cpu-count.ts";

/** Returns the CPUs that a process may use here, as the server counts them: a container's quota is one. */
export function countCores(): number {
  return cpuCount({ schedulable: availableParallelism(), readFile });
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
