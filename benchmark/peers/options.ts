import { parseArgs } from "node:util";
import { GRAPHS, type ModelName } from "../model-folder.ts";
import { PEERS, type PeerName } from "./peers.ts";

export interface PeersOptions {
  readonly peers: readonly PeerName[];
  readonly models: readonly ModelName[];
  /** Length of each measurement under load, after a warm-up of a third of it. */
  readonly seconds: number;
  /** Where the figures are written as JSON, besides standard output. */
  readonly jsonFile: string | undefined;
  /** Our built server. */
  readonly server: string;
  readonly isHelp: boolean;
}

export const HELP = `npm run bench:peers -- [options]

  --peers <names>    comma-separated: ${Object.keys(PEERS).join(",")} (default: all)
  --models <names>   comma-separated: ${Object.keys(GRAPHS).join(",")} (default: all)
  --seconds <n>      length of each measurement under load (default 20)
  --json <file>      also write the figures there
  --server <file>    our built server (default dist/bin.cjs)
  --quick            2 seconds: a look, not a figure
`;

/**
 * Reads the command line.
 *
 * @throws {Error} in one line when an option is unknown or its value makes no sense.
 */
export function parsePeersOptions(args: readonly string[]): PeersOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      peers: { type: "string", default: Object.keys(PEERS).join(",") },
      models: { type: "string", default: Object.keys(GRAPHS).join(",") },
      seconds: { type: "string" },
      json: { type: "string" },
      server: { type: "string", default: "dist/bin.cjs" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const seconds = Number(values.seconds ?? (values.quick ? 2 : 20));
  if (!(seconds > 0 && seconds <= 3600))
    throw new Error(`--seconds: expected 0 to 3600, got "${values.seconds}"`);
  return {
    peers: names("--peers", values.peers, PEERS),
    models: names("--models", values.models, GRAPHS),
    seconds,
    jsonFile: values.json,
    server: values.server,
    isHelp: values.help,
  };
}

function names<Name extends string>(option: string, text: string, table: Record<Name, unknown>): Name[] {
  return text.split(",").map((name) => {
    if (!Object.hasOwn(table, name))
      throw new Error(`${option}: expected ${Object.keys(table).join(", ")}, got "${name}"`);
    return name as Name;
  });
}
