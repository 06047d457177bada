import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServerProcessOptions {
  /** The built server: dist/bin.cjs. */
  readonly entry: string;
  readonly modelFolder: string;
  /** Ends the server at once when aborted. */
  readonly signal: AbortSignal;
}

/** The built server as users start it: every setting at its default but the folder, the address and the drain. */
export class ServerProcess {
  readonly pid: number;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, pid: number, port: number) {
    this.#child = child;
    this.pid = pid;
    this.port = port;
  }

  /**
   * Starts the server on a free port and waits until it is ready.
   *
   * @throws {Error} when it ends before.
   */
  static async start({ entry, modelFolder, signal }: ServerProcessOptions): Promise<ServerProcess> {
    const flags = ["--host=127.0.0.1", "--port=0", `--model-dir=${modelFolder}`, "--drain-delay-ms=0"];
    const child = spawn(process.execPath, [entry, "serve", ...flags], {
      signal,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "inherit"],
    });
    // An abort is reported here too; whoever waits gets it from the signal.
    child.on("error", () => {});
    const ended = once(child, "exit").then(([code, killedBy]) => {
      throw new Error(`the server ended with ${killedBy ?? code} before it was ready`);
    });
    // What comes after "ready" is asked of the child itself.
    ended.catch(() => {});
    try {
      const port = await Promise.race([readPort(child), ended]);
      await Promise.race([waitUntilReady(port, signal), ended]);
      return new ServerProcess(child, child.pid as number, port);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends the server at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /**
   * Tells the server to stop, and waits until it has.
   *
   * @throws {Error} when it does not end with 0.
   */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await exit;
    }
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0) throw new Error(`the server ended with ${signalCode ?? exitCode}`);
  }
}

/** The server says its port in its log, one JSON object on each line; the rest of the log is let go. */
function readPort(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error("the server's log is not read");
  const lines = createInterface(child.stdout);
  return new Promise((resolve) => {
    lines.on("line", (line) => {
      if (!line.includes('"listening"')) return;
      const { msg, port } = JSON.parse(line) as { msg?: string; port?: number };
      if (msg !== "listening" || port === undefined) return;
      lines.removeAllListeners("line").close();
      child.stdout?.resume();
      resolve(port);
    });
  });
}

async function waitUntilReady(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const { status } = await fetch(`http://127.0.0.1:${port}/analyze`, { signal });
    if (status === 200) return;
    await sleep(20, undefined, { signal });
  }
}
