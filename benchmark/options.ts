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
  /** Where plots are written; their loads are measured too. */
  readonly plotsFolder: string | undefined;
  /** The figures are written into docs/performance.md. */
  readonly isDocs: boolean;
  /** Figures of an earlier run, to take in place of measuring. */
  readonly fromFile: string | undefined;
  /** The built server. */
  readonly server: string;
  readonly isHelp: boolean;
}

export const HELP = `npm run bench -- [options]

  --models <names>   comma-separated: ${Object.keys(GRAPHS).join(",")} (default: all)
  --seconds <n>      length of each measurement under load (default 10)
  --json <file>      also write the figures there
  --plots <folder>   also measure offered loads (some minutes more), and write plots there as SVG
  --docs             also write the figures into docs/performance.md
  --from <file>      measure nothing: take the figures from a file that --json wrote
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
      plots: { type: "string" },
      docs: { type: "boolean", default: false },
      from: { type: "string" },
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
  const seconds = readNumber("seconds", values.seconds, 3600) ?? (values.quick ? 2 : 10);
  return {
    models,
    seconds,
    secondsAlone: seconds / 3,
    batchSizes: values.quick ? [1, 4] : [1, 2, 4, 8, 16, 32],
    jsonFile: values.json,
    plotsFolder: values.plots,
    isDocs: values.docs,
    fromFile: values.from,
    server: values.server,
    isHelp: values.help,
  };
}

/** Above 0, at most `max`. */
function readNumber(name: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && value <= max)) throw new Error(`--${name}: expected 0 to ${max}, got "${text}"`);
  return value;
}

function isModelName(name: string): name is ModelName {
  return Object.hasOwn(GRAPHS, name);
}
