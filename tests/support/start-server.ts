import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseSettings } from "../../src/config/parse-settings.ts";
import { createLogger } from "../../src/observability/logger.ts";
import { Server, type ServerOptions } from "../../src/server.ts";
import { type FolderFiles, writeModelFolder } from "./model-folder.ts";

/** The repository's own model. */
export const DIGITS_DIR: string = fileURLToPath(new URL("../../model_dir", import.meta.url));

export interface StartOptions {
  /** Files of the model folder; the repository's digits when absent. */
  readonly files?: FolderFiles;
  /** The flag that says which models are served, in the place of --model-dir. */
  readonly source?: string;
  readonly flags?: readonly string[];
  readonly startSession?: NonNullable<ServerOptions["startSession"]>;
  /**
   * CPUs to plan threads for. Each test starts its own threads, and most need no more than one of a kind.
   *
   * @default 1
   */
  readonly cpus?: number;
  /** false: the port is bound, but `load` is left to the test. */
  readonly load?: boolean;
}

export interface StartedServer {
  readonly server: Server;
  readonly url: string;
  readonly port: number;
  /** Errors after which the process would end. */
  readonly fatal: Error[];
  /** Log lines, newest last. */
  readonly log: Record<string, unknown>[];
  close(): Promise<void>;
}

/** Starts a server on a free port of the loopback address, in this process, with its real worker threads. */
export async function startServer(options: StartOptions = {}): Promise<StartedServer> {
  process.env.ORT_DISABLE_TELEMETRY = "1";
  const { files, source, flags = [], startSession, cpus = 1, load = true } = options;
  const folder = files === undefined ? undefined : writeModelFolder(files);
  const models = source ?? `--model-dir=${folder ?? DIGITS_DIR}`;
  const base = ["--host=127.0.0.1", "--port=0", "--device=cpu", models];
  const fatal: Error[] = [];
  const log: Record<string, unknown>[] = [];
  const server = new Server({
    settings: parseSettings([...base, ...flags], {}),
    logger: createLogger("debug", { write: (line) => log.push(JSON.parse(line)) }),
    cpus,
    cuda: { devices: [0], areNamed: false },
    onFatal: (error) => fatal.push(error),
    ...(startSession === undefined ? {} : { startSession }),
  });
  const port = await server.listen();
  if (load) await server.load();
  return {
    server,
    url: `http://127.0.0.1:${port}`,
    port,
    fatal,
    log,
    close: async () => {
      await server.drain(0, 0);
      await server.closeTelemetry();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
