import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";

/** What the figures were measured on. */
export interface Machine {
  readonly cpuModel: string;
  /** CPUs that the process may use; the server plans its threads for them. */
  readonly cores: number;
  readonly memoryGib: number;
  /** Processes that ran or waited for a core, over the minute before: other people's work. */
  readonly loadAverage: number;
  readonly platform: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly sharp: string;
}

/** Describes the machine as it is now. */
export function describeMachine(cores: number): Machine {
  return {
    cpuModel: cpus()[0]?.model.trim() ?? "unknown",
    cores,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    loadAverage: loadavg()[0] ?? 0,
    platform: `${platform()} ${arch()} ${release()}`,
    node: process.version,
    onnxruntime: packageVersion("onnxruntime-node"),
    sharp: packageVersion("sharp"),
  };
}

function packageVersion(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
