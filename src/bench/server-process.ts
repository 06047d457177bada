import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServerProcessOptions {
  /** The built server: dist/bin.cjs. */
  readonly entry: string;
  readonly modelFolder: string;
  /** The folder holds a folder for each of several models. @default false */
  readonly holdsSeveral?: boolean;
  /** Settings beside those of every server here. @default none */
  readonly flags?: readonly string[];
  /** Program and arguments that start the server in their place, as `taskset` does. @default none */
  readonly launcher?: readonly string[];
  /** Where standard error goes. @default this process's own */
  readonly stderrFd?: number;
  /** Told each line of the log. */
  readonly onLogLine?: (line: string) => void;
  /** Ends the server at once when aborted. */
  readonly signal: AbortSignal;
}

/** The built server as users start it: settings at their defaults but the folder, the address, the drain and `flags`. */
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
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const { entry, modelFolder, flags = [], launcher = [], signal, stderrFd = 2, onLogLine } = options;
    const source = options.holdsSeveral ? "--model-base-path" : "--model-dir";
    const base = ["--host=127.0.0.1", "--port=0", `${source}=${modelFolder}`, "--drain-delay-ms=0"];
    const [program, ...args] = [...launcher, process.execPath, entry, "serve", ...base, ...flags];
    const child = spawn(program as string, args, {
      signal,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", stderrFd],
    });
    // An abort is reported here too; whoever waits gets it from the signal.
    child.on("error", () => {});
    const ended = once(child, "exit").then(([code, killedBy]) => {
      throw new Error(`the server ended with ${killedBy ?? code} before it was ready`);
    });
    // What comes after "ready" is asked of the child itself.
    ended.catch(() => {});
    try {
      const port = await Promise.race([readPort(child, onLogLine), ended]);
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

/** The server says its port in its log, one JSON object on each line. */
function readPort(child: ChildProcess, onLogLine: ServerProcessOptions["onLogLine"]): Promise<number> {
  if (child.stdout === null) throw new Error("the server's log is not read");
  const lines = createInterface(child.stdout);
  if (onLogLine !== undefined) lines.on("line", onLogLine);
  return new Promise((resolve) => {
    lines.on("line", function findPort(line) {
      if (!line.includes('"listening"')) return;
      const { msg, port } = JSON.parse(line) as { msg?: string; port?: number };
      if (msg !== "listening" || port === undefined) return;
      lines.off("line", findPort);
      // What nobody reads would fill the pipe.
      if (onLogLine === undefined) lines.close();
      child.stdout?.resume();
      resolve(port);
    });
  });
}

async function waitUntilReady(port: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    // A server that ends meanwhile is noticed by its exit.
    const answer = await fetch(`http://127.0.0.1:${port}/analyze`, { signal }).catch(() => undefined);
    if (answer?.status === 200) return;
    await sleep(20, undefined, { signal });
  }
}
