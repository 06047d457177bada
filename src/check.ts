import { checkReport } from "./check-report.ts";
import type { CudaDevices } from "./config/cuda-devices.ts";
import type { Settings } from "./config/settings.ts";
import { toStartupError } from "./errors.ts";
import { ImagePool } from "./image-workers/image-pool.ts";
import { loadServable } from "./load-servable.ts";
import { WorkerSession } from "./runtime/worker-session.ts";

export interface CheckOptions {
  readonly settings: Settings;
  /** CPUs to plan threads for. */
  readonly cpus: number;
  readonly cuda: CudaDevices;
}

/**
 * Loads and proves the model as a start does, without serving, and prints what it found.
 *
 * @returns the exit code, 0
 * @throws {StartupError} what a start would fail with.
 */
export async function check({ settings, cpus, cuda }: CheckOptions): Promise<number> {
  const imagePool = new ImagePool({
    workers: settings.imageWorkers ?? cpus,
    maxImagePixels: settings.maxImagePixels,
    imageTimeoutMs: settings.imageTimeoutMs,
  });
  try {
    const { servable, session } = await loadServable({
      settings,
      imagePool,
      cpus,
      cuda,
      startSession: (modelPath, place) => WorkerSession.start({ modelPath, ...place }),
    });
    await session.close();
    process.stdout.write(checkReport(servable));
    return 0;
  } catch (error) {
    throw toStartupError(error);
  } finally {
    await imagePool.close();
  }
}
