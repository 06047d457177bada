import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

export interface FuzzOptions {
  /** Requests in all, shared out among the models. */
  readonly requests: number;
  /** Of everything random; the same seed sends the same requests, in another order where there are several lanes. */
  readonly seed: number;
  /** Lanes that each send one request at a time. */
  readonly concurrency: number;
  /** More images to mutate. */
  readonly imagesFolder: string | undefined;
  /** Where the requests that failed are written. */
  readonly failuresFolder: string;
  /** A file of requests that failed before: they are sent alone, and nothing else is. */
  readonly replayFile: string | undefined;
  /** Only the model of this name. */
  readonly model: string | undefined;
  readonly isHelp: boolean;
}

export const HELP = `npm run test:fuzz -- [options]

  --requests <n>     requests in all (default 200000)
  --short            3000 requests, for every change
  --seed <n>         0 to 2147483647 (default: by the clock; it is printed)
  --concurrency <n>  requests under way at once (default: 4 for each CPU)
  --images <folder>  mutate these images, too
  --model <name>     only this model: classifier, segmentation or tensors
  --failures <dir>   where requests that failed are written (default fuzz-failures)
  --replay <file>    send the request of such a file, with --model the one that it failed on, and nothing else
`;

const MAX_SEED = 2 ** 31 - 1;

/**
 * Reads the command line.
 *
 * @throws {Error} in one line when an option is unknown or its value makes no sense.
 */
export function parseOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      requests: { type: "string" },
      short: { type: "boolean", default: false },
      seed: { type: "string" },
      concurrency: { type: "string" },
      images: { type: "string" },
      model: { type: "string" },
      failures: { type: "string", default: "fuzz-failures" },
      replay: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    requests: readInteger("requests", values.requests, 1, 1e9) ?? (values.short ? 3000 : 200_000),
    seed: readInteger("seed", values.seed, 0, MAX_SEED) ?? Date.now() % MAX_SEED,
    concurrency: readInteger("concurrency", values.concurrency, 1, 1024) ?? 4 * availableParallelism(),
    imagesFolder: values.images,
    failuresFolder: values.failures,
    replayFile: values.replay,
    model: values.model,
    isHelp: values.help,
  };
}

function readInteger(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name}: expected ${least} to ${most}, got "${text}"`);
}
