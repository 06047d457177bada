import { excerpt, StartupError } from "../errors.ts";

export interface CudaDevices {
  /** As CUDA counts them, from 0. At least one. */
  readonly devices: readonly [number, ...number[]];
  /** The user named them: each must work. */
  readonly areNamed: boolean;
}

export interface CudaSources {
  /** CUDA_DEVICES, where it is set. */
  readonly setting: string | undefined;
  /** What CUDA itself reads: the GPUs that a process sees, which are then counted from 0. */
  readonly cudaVisibleDevices: string | undefined;
  /** Returns the names in a folder; none where it can't be read. */
  readonly listFolder: (path: string) => readonly string[];
}

/**
 * Returns the GPUs to use: those that CUDA_DEVICES names, else all that CUDA should see. Those are the ones of
 * CUDA_VISIBLE_DEVICES, else the device files /dev/nvidia0, /dev/nvidia1 ..., of which a container has its own GPUs'
 * only. GPU 0 is always among them: whether it is there, starting a session on it will tell.
 *
 * @throws {StartupError} when CUDA_DEVICES is neither `all` nor a list of numbers.
 * @see CUDA C++ Programming Guide, CUDA_VISIBLE_DEVICES
 */
export function cudaDevices({ setting, cudaVisibleDevices, listFolder }: CudaSources): CudaDevices {
  if (setting !== undefined && setting !== "all") return { devices: parseList(setting), areNamed: true };
  const count =
    cudaVisibleDevices === undefined
      ? listFolder("/dev").filter((name) => /^nvidia\d+$/.test(name)).length
      : cudaVisibleDevices.split(",").length;
  return {
    devices: [0, ...Array.from({ length: Math.max(count - 1, 0) }, (_, i) => i + 1)],
    areNamed: false,
  };
}

function parseList(text: string): readonly [number, ...number[]] {
  if (/^\d{1,3}(,\d{1,3})*$/.test(text)) {
    const [first = 0, ...others] = new Set(text.split(",").map(Number));
    return [first, ...others];
  }
  throw new StartupError(`CUDA_DEVICES must be all or numbers such as 0,1, got "${excerpt(text)}"`);
}
