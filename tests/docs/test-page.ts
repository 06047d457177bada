import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Tally } from "../images/tally.ts";
import { freePorts } from "./free-ports.ts";
import { isSameOutput } from "./is-same-output.ts";
import { makeCheckout, ROOT } from "./make-checkout.ts";
import type { PagePython } from "./page-python.ts";
import { type Command, readPage, type ServerCommand } from "./read-page.ts";
import { ShellServer } from "./shell-server.ts";

export interface TestPageOptions {
  /** Its path in the repository. */
  readonly page: string;
  readonly tally: Tally;
  /** Absent: what needs Python is left out. */
  readonly python: PagePython | undefined;
  /** The page's own `npm ci` installs the packages and its `npm start` builds, instead of taking what is here. */
  readonly installs?: boolean;
  readonly signal: AbortSignal;
}

const COMMAND_TIMEOUT_MS = 600_000;
/** The ports that the pages name; free ones are put in their places. */
const PORTS = ["8501", "8500", "8080"];

/**
 * Runs what a page tells its readers to run, as they would in a clone of the repository, and holds the output against what it
 * says comes of it.
 */
export async function testPage(options: TestPageOptions): Promise<void> {
  const { page, tally, python, signal } = options;
  const sections = readPage(readFileSync(join(ROOT, page), "utf8"));
  const run = sections
    .flatMap(({ blocks }) => blocks)
    .filter((block) => block.kind === "server" || (block.kind === "command" && !block.isNotRun));
  if (run.length === 0) return;
  const installs = options.installs === true && run.some(({ text }) => text.includes("npm ci"));
  const runner = new PageRunner({ ports: await freePorts(PORTS.length), installs, python, signal });
  try {
    for (const { title, level, blocks } of sections) {
      runner.enter(level);
      for (const block of blocks) {
        const name = `${page}:${block.line} ${title}`;
        if (block.kind === "file") runner.write(block.path, block.text);
        else if (block.kind === "command" && block.isNotRun) tally.skip(name, "for the reader alone");
        else {
          const missing = await missingFor(block, python);
          if (missing !== undefined) tally.skip(name, missing);
          else if (block.kind === "server") await tally.run(name, () => runner.serve(block, level));
          else await tally.run(name, () => runner.run(block));
        }
      }
    }
  } finally {
    await runner.close();
  }
}

/** Returns why a block can't be run here. */
async function missingFor(
  block: Command | ServerCommand,
  python: PagePython | undefined,
): Promise<string | undefined> {
  const isPython = block.kind === "command" && block.language === "python";
  if (!isPython && block.needs.length === 0) return undefined;
  return python === undefined ? "needs Python" : python.missing(block.needs);
}

interface RunnerOptions {
  readonly ports: readonly number[];
  readonly installs: boolean;
  readonly python: PagePython | undefined;
  readonly signal: AbortSignal;
}

/** A reader in a clone of the repository, with one server at a time. */
class PageRunner {
  readonly #options: RunnerOptions;
  readonly #folder: string;
  /** Of the page, and of the section where that starts another. */
  #ofPage: string | undefined;
  #ofSection: { readonly command: string; readonly level: number } | undefined;
  #running: { readonly command: string; readonly server: ShellServer } | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#folder = makeCheckout({ isBare: options.installs });
    writeFileSync(join(this.#folder, ".curlrc"), "fail-with-body\n");
  }

  /** A section's server goes with the section and those below it. */
  enter(level: number): void {
    if (this.#ofSection !== undefined && level <= this.#ofSection.level) this.#ofSection = undefined;
  }

  write(path: string, text: string): void {
    const file = join(this.#folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }

  /** @throws {Error} when the server does not get ready. */
  async serve({ scope, text }: ServerCommand, level: number): Promise<string> {
    if (scope === "page") this.#ofPage = text;
    else this.#ofSection = { command: text, level };
    await this.#start();
    return "serves";
  }

  /** @throws {Error} when it ends otherwise than with 0, or prints something else than the page says. */
  async run({ language, text, answer }: Command): Promise<string> {
    await this.#start();
    const { python, signal } = this.#options;
    const file = join(this.#folder, `.command.${language === "sh" ? "sh" : "py"}`);
    writeFileSync(file, this.#fill(text));
    // As a reader's shell does: a pipe fails by its last command alone. Where the page says nothing of the output, any failure is one.
    const flags = answer === undefined ? ["-e", "-o", "pipefail", file] : ["-e", file];
    const [program, args] = language === "sh" ? ["bash", flags] : [python?.program ?? "", [file]];
    const ran = promisify(execFile)(program, args, {
      cwd: this.#folder,
      // .curlrc lets an error of the server's be one of curl's.
      env: { ...this.#environment(), ...(answer === undefined ? { CURL_HOME: this.#folder } : {}) },
      maxBuffer: 2 ** 26,
      timeout: COMMAND_TIMEOUT_MS,
      signal,
    });
    const { stdout } = await ran.catch((error: { stderr?: string; message: string }) => {
      throw new Error(error.stderr?.trim().split("\n").slice(-5).join("\n") || error.message);
    });
    if (answer === undefined) return "ends with 0";
    if (isSameOutput(stdout, answer)) return "as the page says";
    throw new Error(`printed ${stdout.trim()}, the page says ${answer.text}`);
  }

  async close(): Promise<void> {
    await this.#running?.server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const command = this.#ofSection?.command ?? this.#ofPage;
    if (command === undefined || command === this.#running?.command) return;
    await this.#running?.server.stop();
    this.#running = undefined;
    const { ports, signal } = this.#options;
    const own = { HOST: "127.0.0.1", PORT: String(ports[0]), DRAIN_DELAY_MS: "0" };
    const variables = { ...this.#environment(), ...own };
    const server = await ShellServer.start({
      command: this.#fill(command),
      folder: this.#folder,
      variables,
      signal,
    });
    this.#running = { command, server };
  }

  #fill(text: string): string {
    return PORTS.reduce((filled, port, i) => filled.replaceAll(port, String(this.#options.ports[i])), text);
  }

  /** The checkout's programs and the environment's `python` go before the machine's. */
  #environment(): NodeJS.ProcessEnv {
    const { python } = this.#options;
    const folders = [join(this.#folder, ".bin"), python?.folder, process.env.PATH];
    const PATH = folders.filter((folder) => folder !== undefined).join(":");
    return { ...process.env, PATH, PYTHONDONTWRITEBYTECODE: "1" };
  }
}
