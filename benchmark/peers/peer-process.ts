import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { processTree } from "./process-tree.ts";

export interface PeerProcessOptions {
  /** The program and its arguments. `$NAME` in it, and in `variables`, stands for a variable's value. */
  readonly command: readonly string[];
  readonly folder: string;
  /** Its environment besides ours. PORT, PORT_2 and PORT_3 are added: free ports. */
  readonly variables: Readonly<Record<string, string>>;
  readonly readyPath: string;
  /** Takes what the peer writes to both of its outputs. */
  readonly logFile: string;
  readonly signal: AbortSignal;
}

const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 10_000;

/** A peer's processes, in a session of their own, from the start to the end of the last of them. */
export class PeerProcess {
  readonly pid: number;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;

  private constructor(child: ChildProcess, port: number, signal: AbortSignal) {
    this.#child = child;
    this.pid = child.pid as number;
    this.port = port;
    this.#signal = signal;
  }

  /**
   * Starts a peer and waits until it is ready.
   *
   * @throws {Error} with the end of its log when it ends before, or is not ready in three minutes.
   */
  static async start(options: PeerProcessOptions): Promise<PeerProcess> {
    const { command, folder, logFile, signal } = options;
    const [port, second, third] = await freePorts(3);
    const variables = { ...options.variables, PORT: `${port}`, PORT_2: `${second}`, PORT_3: `${third}` };
    const [file = "", ...args] = command.map((part) => substitute(part, variables));
    const values = Object.entries(variables).map(([name, value]) => [name, substitute(value, variables)]);
    const log = openSync(logFile, "w");
    const child = spawn(file, args, {
      cwd: folder,
      env: { ...process.env, ...Object.fromEntries(values) },
      // A session of its own: `stop` finds all its processes, and Ctrl-C reaches us alone, who then stop it.
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    await once(child, "spawn", { signal });
    const peer = new PeerProcess(child, port as number, signal);
    try {
      await peer.#waitUntilReady(options.readyPath, signal);
      return peer;
    } catch (error) {
      await peer.stop();
      signal.throwIfAborted();
      throw new Error(`${(error as Error).message}; its log ends: ${logEnd(logFile)}`);
    }
  }

  /** Asks the peer to stop, and ends what is left of it after ten seconds; all of it at once when aborted. */
  async stop(): Promise<void> {
    const tree = processTree(this.pid);
    if (this.#isRunning()) this.#child.kill("SIGTERM");
    const isOver = () => this.#signal.aborted || this.#living(tree).length === 0;
    await until(isOver, STOP_TIMEOUT_MS);
    for (const pid of this.#living(tree)) endAtOnce(pid);
  }

  /** A process whose parent died belongs to the session still; one that left both was seen in `tree`. */
  #living(tree: readonly number[]): number[] {
    return [...new Set([...tree, ...processTree(this.pid)])].filter(isAlive);
  }

  #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #waitUntilReady(path: string, signal: AbortSignal): Promise<void> {
    const isReady = async () => {
      signal.throwIfAborted();
      if (!this.#isRunning())
        throw new Error(
          `it ended with ${this.#child.signalCode ?? this.#child.exitCode} before it was ready`,
        );
      const url = `http://127.0.0.1:${this.port}${path}`;
      return await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    if (!(await until(isReady, START_TIMEOUT_MS)))
      throw new Error(`it was not ready in ${START_TIMEOUT_MS / 1000} s`);
  }
}

function substitute(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$([A-Z_0-9]+)/g, (whole, name: string) => variables[name] ?? whole);
}

/** Returns ports that nothing listens on; they are all open at one moment, so they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Returns whether the condition came true in the time. */
async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (performance.now() < endMs) {
    if (await condition()) return true;
    await sleep(100);
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    // A zombie is dead: nothing of it runs, and its parent alone can take it away.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function logEnd(file: string): string {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.slice(-3).join(" | ").slice(-600);
}
