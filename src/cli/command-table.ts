import { SETTINGS } from "../config/setting-table.ts";
import { BENCH_OPTIONS } from "./bench-options.ts";
import type { OptionRow } from "./option-table.ts";
import { PREDICT_OPTIONS } from "./predict-options.ts";
import { TILES_OPTIONS } from "./tiles-options.ts";

/** What `--help` and the manual say of a command. */
export interface CommandRow {
  /** What stands behind `onnx-serving`. */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  /** Sentences, one a line. */
  readonly about: readonly string[];
  readonly options: Readonly<Record<string, OptionRow>>;
  /** Each option is an environment variable as well. */
  readonly hasVariables: boolean;
}

export type CommandName = "serve" | "check" | "predict" | "tiles" | "bench";

/** The one table of commands. */
export const COMMANDS: Readonly<Record<CommandName, CommandRow>> = {
  serve: {
    usage: "[serve] [flags]",
    summary: "serve the model in MODEL_DIR, or the models of MODEL_BASE_PATH or MODEL_CONFIG_FILE",
    about: ["Serves until it is told to stop (SIGTERM, SIGINT); then every accepted request is answered."],
    options: SETTINGS,
    hasVariables: true,
  },
  check: {
    usage: "check [<dir>] [flags]",
    summary: "load the model, run its golden pair, report, exit",
    about: ["Loads and proves a model as a start does, without serving. Exits 0 if it can be served."],
    options: SETTINGS,
    hasVariables: true,
  },
  predict: {
    usage: "predict [flags] <file, folder, pattern or -> ...",
    summary: "write the predictions of any number of images",
    about: [
      "Folders are read with all below them: files that end as images do. Patterns such as 'tiles/**/*.png' take files of",
      "any name. - reads the names from standard input, one a line. Results stand in the order of the images.",
    ],
    options: PREDICT_OPTIONS,
    hasVariables: false,
  },
  tiles: {
    usage: "tiles [flags] [<list of tiles or ->]",
    summary: "fetch map tiles and write their predictions: of a list, a box or a queue",
    about: [
      "A list has a tile in each line, such as 163-395-10 (x, y, zoom), or is CSV with the column tile. - reads it from",
      "standard input. What fails is listed, and can be given as a list again.",
    ],
    options: TILES_OPTIONS,
    hasVariables: false,
  },
  bench: {
    usage: "bench [flags] <URL or model folder> [<file, folder or pattern> ...]",
    summary: "load a server and print throughput, latencies, errors and batch sizes",
    about: [
      "A model folder is served for the time of the measurement, by a process of its own. Without images it sends pictures",
      "of its own making, 256 x 256 pixels in JPEG.",
    ],
    options: BENCH_OPTIONS,
    hasVariables: false,
  },
};

/** Returns the word as the name of a command, if it is one. */
export function commandNamed(word: string): CommandName | undefined {
  return Object.hasOwn(COMMANDS, word) ? (word as CommandName) : undefined;
}
