import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServerProcess, type ServerProcessOptions } from "../../src/bench/server-process.ts";
import { EXAMPLE_NAMES, exampleDir } from "../support/examples.ts";
import { type FolderFiles, writeModelFolder } from "../support/model-folder.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

const ENTRY = fileURLToPath(new URL("../../dist/bin.cjs", import.meta.url));

/** The built servers that tests ask; each is started when it is first asked for. */
export class TestServers {
  readonly #stop = new AbortController();
  readonly #started: ServerProcess[] = [];
  readonly #folders: string[] = [];
  #several: Promise<ServerProcess> | undefined;

  /** Serves the digits and the examples, each by its name; `digits` from version folders. */
  several(): Promise<ServerProcess> {
    this.#several ??= this.#startSeveral();
    return this.#several;
  }

  /** Serves a folder of these files. */
  async of(files: FolderFiles, flags: readonly string[] = []): Promise<ServerProcess> {
    const modelFolder = writeModelFolder(files);
    this.#folders.push(modelFolder);
    return await this.start({ modelFolder, flags });
  }

  /** Serves the digits alone. */
  async digits(flags: readonly string[] = []): Promise<ServerProcess> {
    return await this.start({ modelFolder: DIGITS_DIR, flags });
  }

  async stop(): Promise<void> {
    for (const server of this.#started) server.kill();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  async start(
    options: Pick<ServerProcessOptions, "modelFolder" | "flags" | "holdsSeveral">,
  ): Promise<ServerProcess> {
    // What is learnt at a start takes most of it.
    const flags = ["--device=cpu", "--inference-lanes=1", "--max-batch-size=4", ...(options.flags ?? [])];
    const started = await ServerProcess.start({ ...options, flags, entry: ENTRY, signal: this.#stop.signal });
    this.#started.push(started);
    return started;
  }

  async #startSeveral(): Promise<ServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), "onnx-serving-console-"));
    this.#folders.push(folder);
    for (const version of ["1", "2"])
      cpSync(DIGITS_DIR, join(folder, "digits", version), { recursive: true });
    for (const name of EXAMPLE_NAMES) cpSync(exampleDir(name), join(folder, name), { recursive: true });
    return await this.start({ modelFolder: folder, holdsSeveral: true });
  }
}
