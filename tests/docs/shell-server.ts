import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

export interface ShellServerOptions {
  /** As a reader would type it. */
  readonly command: string;
  readonly folder: string;
  readonly variables: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** A server that a shell command starts, as its users' commands do. */
export class ShellServer {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /**
   * Starts it and waits until it is ready.
   *
   * @throws {Error} when it ends before.
   */
  static async start({ command, folder, variables, signal }: ShellServerOptions): Promise<ShellServer> {
    // A group of its own: the shell's children are told to stop as well.
    const child = spawn("bash", ["-c", command], {
      cwd: folder,
      env: { ...process.env, ...variables },
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    const server = new ShellServer(child);
    const ended = once(child, "exit").then(([code, killedBy]) => {
      throw new Error(`the server ended with ${killedBy ?? code}: ${command}`);
    });
    // What comes after "ready" is asked of the child itself.
    ended.catch(() => {});
    try {
      await Promise.race([isReady(child, signal), ended]);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Tells it to stop, and waits until it has. */
  async stop(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const exit = once(this.#child, "exit");
    process.kill(-pid, "SIGTERM");
    await exit;
  }
}

/** The server says its port in its log, one JSON object on each line. */
async function isReady(child: ChildProcess, signal: AbortSignal): Promise<void> {
  const port = await new Promise<number>((resolve) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      if (!line.includes('"listening"')) return;
      const { msg, port } = JSON.parse(line) as { msg?: string; port?: number };
      if (msg === "listening" && port !== undefined) resolve(port);
    });
  });
  while ((await fetch(`http://127.0.0.1:${port}/readyz`, { signal })).status !== 200) {
    await sleep(20, undefined, { signal });
  }
}
