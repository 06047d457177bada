import { parseArgs } from "node:util";
import { GRAPHS, type ModelName } from "../model-folder.ts";

export interface SoakOptions {
  readonly model: ModelName;
  /** A folder to serve in place of the model. */
  readonly modelFolder: string | undefined;
  /** Length of the soak. */
  readonly minutes: number;
  /** Length of the loads that find the capacity and that saturate. */
  readonly seconds: number;
  readonly seed: number;
  /** The built server. */
  readonly server: string;
  readonly isHelp: boolean;
}

/** A minute's soak, for CI: what it lets pass grows by megabytes a second. */
const SHORT = { minutes: 1, seconds: 10 };
const MAX_MINUTES = 7 * 24 * 60;

export const HELP = `npm run test:soak -- [options]

  --minutes <n>         length of the soak (default 30)
  --short               ${SHORT.minutes} minute: finds what leaks fast
  --seed <n>            of the requests (default: chosen; always printed)
  --model <name>        ${Object.keys(GRAPHS).join(" or ")} (default mobilenetv2)
  --model-dir <folder>  serve this folder instead; its own memory is then not compared
  --server <file>       built server to soak (default dist/bin.cjs)
`;

/**
 * Reads the command line.
 *
 * @throws {Error} in one line when an option is unknown or its value makes no sense.
 */
export function parseSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string" },
      short: { type: "boolean", default: false },
      seed: { type: "string" },
      model: { type: "string", default: "mobilenetv2" },
      "model-dir": { type: "string" },
      server: { type: "string", default: "dist/bin.cjs" },
      help: { type: "boolean", default: false },
    },
  });
  const { model } = values;
  if (!isModelName(model))
    throw new Error(`--model: expected ${Object.keys(GRAPHS).join(" or ")}, got "${model}"`);
  const minutes = Number(values.minutes ?? (values.short ? SHORT.minutes : 30));
  if (!(minutes > 0 && minutes <= MAX_MINUTES))
    throw new Error(`--minutes: expected 0 to ${MAX_MINUTES}, got "${values.minutes}"`);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  if (!Number.isInteger(seed)) throw new Error(`--seed: expected an integer, got "${values.seed}"`);
  return {
    model,
    modelFolder: values["model-dir"],
    minutes,
    seconds: values.short ? SHORT.seconds : 30,
    seed,
    server: values.server,
    isHelp: values.help,
  };
}

function isModelName(name: string): name is ModelName {
  return Object.hasOwn(GRAPHS, name);
}
