import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Tally } from "../images/tally.ts";
import type { PythonEnvironment } from "../support/python-environment.ts";
import { ClientServer } from "./client-server.ts";
import { freePorts } from "./free-ports.ts";
import { isSameOutput } from "./is-same-output.ts";
import { readPage, type Snippet } from "./read-page.ts";

export interface TestPageOptions {
  readonly tally: Tally;
  /** Absent: the snippets in Python are skipped. */
  readonly environment: PythonEnvironment | undefined;
  readonly signal: AbortSignal;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SNIPPET_TIMEOUT_MS = 60_000;
/** The ports that the page names; free ones are put in their places. */
const PORTS = ["8501", "8500", "8080"];

/** Runs what docs/clients.md tells its readers to run, and holds the output against what it says comes of it. */
export async function testPage({ tally, environment, signal }: TestPageOptions): Promise<void> {
  const sections = readPage(readFileSync(join(ROOT, "docs/clients.md"), "utf8"));
  const usual = sections.find(({ server }) => server !== undefined)?.server;
  if (usual === undefined) throw new Error("docs/clients.md does not start a server");
  const scratch = mkdtempSync(join(tmpdir(), "onnx-serving-clients-"));
  for (const name of ["dist", "model_dir", "examples"]) symlinkSync(join(ROOT, name), join(scratch, name));
  let running: { readonly command: string; readonly server: ClientServer; readonly fill: Fill } | undefined;
  try {
    for (const { title, server: command = usual, snippets } of sections) {
      if (snippets.length === 0) continue;
      if (running?.command !== command) {
        await running?.server.stop();
        running = { command, ...(await start(command, scratch, signal)) };
      }
      for (const snippet of snippets) {
        const name = `docs/clients.md:${snippet.line} ${title} (${snippet.language})`;
        if (snippet.language === "python" && environment === undefined) {
          tally.skip(name, "no Python packages");
          continue;
        }
        try {
          await runSnippet(snippet, {
            fill: running?.fill ?? String,
            scratch,
            python: environment?.python,
            signal,
          });
          tally.pass(name, "as the page says");
        } catch (error) {
          const { message } = error as Error;
          const isMissing = environment?.missing.length !== 0 && message.includes("ModuleNotFoundError");
          if (isMissing) tally.skip(name, message.split("\n").at(-1) ?? "");
          else tally.fail(name, message);
        }
      }
    }
  } finally {
    await running?.server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

type Fill = (text: string) => string;

async function start(command: string, folder: string, signal: AbortSignal) {
  const ports = await freePorts(PORTS.length);
  const fill: Fill = (text) =>
    PORTS.reduce((filled, port, i) => filled.replaceAll(port, String(ports[i])), text);
  const variables = { HOST: "127.0.0.1", PORT: String(ports[0]), DRAIN_DELAY_MS: "0" };
  return { fill, server: await ClientServer.start({ command: fill(command), folder, variables, signal }) };
}

interface RunOptions {
  readonly fill: Fill;
  readonly scratch: string;
  readonly python: string | undefined;
  readonly signal: AbortSignal;
}

/** @throws {Error} when it ends otherwise than with 0, or prints something else than the page says. */
async function runSnippet(snippet: Snippet, options: RunOptions): Promise<void> {
  const { fill, scratch, python = "python3", signal } = options;
  const { language, text, answer } = snippet;
  if (answer === undefined) throw new Error("the page does not say what it prints");
  const file = join(scratch, `snippet.${language === "sh" ? "sh" : "py"}`);
  writeFileSync(file, fill(text));
  // As a reader's shell does: a pipe fails by its last command alone.
  const [program, args] = language === "sh" ? ["bash", ["-e", file]] : [python, [file]];
  const ran = promisify(execFile)(program, args, { cwd: scratch, signal, timeout: SNIPPET_TIMEOUT_MS });
  const { stdout } = await ran.catch((error: { stderr?: string; message: string }) => {
    throw new Error(error.stderr?.trim().split("\n").slice(-5).join("\n") || error.message);
  });
  if (!isSameOutput(stdout, answer))
    throw new Error(`printed ${stdout.trim()}, the page says ${answer.text}`);
}
