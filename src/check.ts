import type { Settings } from "./config/settings.ts";
import { ImagePool } from "./image-workers/image-pool.ts";
import { loadServable } from "./load-servable.ts";
import { WorkerSession } from "./runtime/worker-session.ts";
import type { Servable } from "./servable.ts";
import { offeredSignatures } from "./signature/head.ts";
import { formatShape, type TensorSpec } from "./tensor/tensor.ts";

export interface CheckOptions {
  readonly settings: Settings;
  /** CPUs to plan threads for. */
  readonly cpus: number;
}

/**
 * Loads and proves the model as a start does, without serving, and prints what it found.
 *
 * @returns the exit code, 0
 * @throws {StartupError} what a start would fail with.
 */
export async function check({ settings, cpus }: CheckOptions): Promise<number> {
  const imagePool = new ImagePool({
    workers: settings.imageWorkers ?? cpus,
    maxImagePixels: settings.maxImagePixels,
    imageTimeoutMs: settings.imageTimeoutMs,
  });
  try {
    const { servable, session } = await loadServable({
      settings,
      imagePool,
      startSession: (modelPath) =>
        WorkerSession.start({
          modelPath,
          device: settings.device,
          intraOpThreads: settings.intraOpThreads ?? cpus,
        }),
    });
    await session.close();
    process.stdout.write(report(servable));
    return 0;
  } finally {
    await imagePool.close();
  }
}

/** Returns what a reader asks of a model, a line each. */
function report(servable: Servable): string {
  const { info, head, golden, preprocess, origins } = servable;
  const labels = "labels" in head ? head.labels : undefined;
  const lines = [
    ["model", `${servable.file} (version ${servable.version}, sha256 ${servable.sha256.slice(0, 12)})`],
    ...info.inputs.map((spec) => ["input", describeSpec(spec)]),
    ...info.outputs.map((spec) => ["output", describeSpec(spec)]),
    ["task", `${head.task}${origin(origins, "task")}`],
    ...(labels === undefined
      ? []
      : [
          [
            "labels",
            `${labels.slice(0, 5).join(", ")}${labels.length > 5 ? ", ..." : ""} (${labels.length})${origin(origins, "labels")}`,
          ],
        ]),
    ...Object.entries(preprocess ?? {}).map(([name, value]) => [
      name,
      `${JSON.stringify(value)}${origin(origins, name)}`,
    ]),
    ["signatures", offeredSignatures(head).join(", ")],
    [
      "batching",
      servable.batching.kind === "rows" ? `rows, at most ${servable.maxBatchSize} in a run` : "none",
    ],
    ...servable.batchTimings.map(({ batchSize, runMs }) => [
      "measured",
      `batch of ${batchSize}: ${runMs.toPrecision(3)} ms`,
    ]),
    [
      "golden",
      golden === undefined
        ? "none"
        : `passed, largest difference ${golden.largestDifference.toPrecision(3)} (tolerance ${golden.tolerance})`,
    ],
    ...servable.warnings.map((warning) => ["warning", warning]),
  ];
  return `${lines.map(([name = "", text = ""]) => `${name.padEnd(16)}${text}`).join("\n")}\n`;
}

function describeSpec({ name, dtype, shape }: TensorSpec): string {
  return `${name} ${dtype} ${formatShape(shape)}`;
}

function origin(origins: Readonly<Record<string, string>>, name: string): string {
  return origins[name] === undefined ? "" : `   <- ${origins[name]}`;
}
