import { parseArgs } from "node:util";
import { GRAPHS, type ModelName } from "./model-folder.ts";

export interface BenchmarkOptions {
  readonly models: readonly ModelName[];
  /** Length of each measurement under load, after a warm-up of a third of it. */
  readonly seconds: number;
  /** Length of each measurement of a part alone. */
  readonly secondsAlone: number;
  readonly batchSizes: readonly number[];
  /** Where the figures are written as JSON, besides standard output. */
  readonly jsonFile: string | undefined;
  /** The built server. */
  readonly server: string;
  readonly isHelp: boolean;
}

export const HELP = `npm run bench -- [options]

  --models <names>   comma-separated: ${Object.keys(GRAPHS).join(",")} (default: all)
  --seconds <n>      length of each measurement under load (default 10)
  --json <file>      also write the figures there
  --server <file>    built server to measure (default dist/bin.cjs)
  --quick            2 seconds, batch sizes 1 and 4: a look, not a figure
`;

/**
 * Reads the command line.
 *
 * @throws {Error} in one line when an option is unknown or its value makes no sense.
 */
export function parseOptions(args: readonly string[]): BenchmarkOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      models: { type: "string", default: Object.keys(GRAPHS).join(",") },
      seconds: { type: "string" },
      json: { type: "string" },
      server: { type: "string", default: "dist/bin.cjs" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const models = values.models.split(",").map((name) => {
    if (!isModelName(name))
      throw new Error(`--models: expected ${Object.keys(GRAPHS).join(", ")}, got "${name}"`);
    return name;
  });
  const seconds = Number(values.seconds ?? (values.quick ? 2 : 10));
  if (!(seconds > 0 && seconds <= 3600))
    throw new Error(`--seconds: expected 0 to 3600, got "${values.seconds}"`);
  return {
    models,
    seconds,
    secondsAlone: seconds / 3,
    batchSizes: values.quick ? [1, 4] : [1, 2, 4, 8, 16, 32],
    jsonFile: values.json,
    server: values.server,
    isHelp: values.help,
  };
}

function isModelName(name: string): name is ModelName {
  return Object.hasOwn(GRAPHS, name);
}
