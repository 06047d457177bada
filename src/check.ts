import { checkReport } from "./check-report.ts";
import { compositionReport } from "./composition/composition-report.ts";
import type { CudaDevices } from "./config/cuda-devices.ts";
import type { Settings } from "./config/settings.ts";
import { toStartupError } from "./errors.ts";
import { ImagePool } from "./image-workers/image-pool.ts";
import { LaneStarter } from "./lane-starter.ts";
import { loadComposition } from "./load-composition.ts";
import { loadServable } from "./load-servable.ts";
import { findComposition } from "./model/find-composition.ts";
import { chooseVersions, type ModelConfig } from "./model/model-config.ts";
import { requireLabels, requireVersions } from "./model/read-model-config.ts";
import { findVersions } from "./versions/find-versions.ts";
import { namesSeveral, readModels } from "./versions/model-source.ts";

export interface CheckOptions {
  readonly settings: Settings;
  /** CPUs to plan threads for. */
  readonly cpus: number;
  readonly cuda: CudaDevices;
}

/**
 * Loads and proves the models as a start does, one after the other, without serving, and prints what it found.
 *
 * @returns the exit code, 0
 * @throws {StartupError} what a start would fail with, or would put up with of one version among several.
 */
export async function check(options: CheckOptions): Promise<number> {
  const { settings, cpus } = options;
  const imagePool = new ImagePool({
    workers: settings.imageWorkers ?? cpus,
    maxImagePixels: settings.maxImagePixels,
    imageTimeoutMs: settings.imageTimeoutMs,
  });
  try {
    for (const config of readModels(settings)) await checkModel(options, config, imagePool);
    return 0;
  } catch (error) {
    throw toStartupError(error);
  } finally {
    await imagePool.close();
  }
}

async function checkModel(options: CheckOptions, config: ModelConfig, imagePool: ImagePool): Promise<void> {
  // Where nothing can be read, loading says why.
  const found = await findVersions(config.basePath, options.settings).catch(() => []);
  const wanted = chooseVersions(
    config.policy,
    found.map(({ version }) => version),
  );
  if (found.length > 0) requireVersions(config, wanted);
  requireLabels(config, wanted);
  for (const version of wanted.length === 0 ? [undefined] : wanted) {
    await checkVersion(options, config, version, imagePool);
  }
}

async function checkVersion(
  { settings, cpus, cuda }: CheckOptions,
  config: ModelConfig,
  version: number | undefined,
  imagePool: ImagePool,
): Promise<void> {
  const starter = new LaneStarter({ settings });
  try {
    const load = async (own: Settings, chosen?: number) => {
      const { servable, session } = await loadServable({
        settings: own,
        version: chosen,
        imagePool,
        cpus,
        cuda,
        startSession: (model, place) => starter.start(model, place),
      });
      if (namesSeveral(settings)) process.stdout.write(`== ${servable.name} ${servable.version}\n\n`);
      process.stdout.write(checkReport(servable));
      return { servable, close: () => session.close() };
    };
    const own = { ...settings, modelDir: config.basePath, modelName: config.name };
    const found = findComposition(config.basePath, version);
    if (found === undefined) await load(own, version);
    else {
      const { composition } = await loadComposition({ settings: own, found, load: (part) => load(part) });
      process.stdout.write(compositionReport(composition));
    }
  } finally {
    await starter.close();
  }
}
