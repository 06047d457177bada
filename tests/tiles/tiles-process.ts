import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ENTRY = fileURLToPath(new URL("../../dist/bin.cjs", import.meta.url));

/** `onnx-serving tiles`, as a user starts it. */
export class TilesProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  stderr = "";

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [ENTRY, "tiles", ...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
    });
    this.#ended = once(this.#child, "close");
  }

  /** Resolves with the exit code, or the name of the signal that ended it. */
  async ended(): Promise<number | string> {
    await this.#ended;
    return this.#child.exitCode ?? this.#child.signalCode ?? "unknown";
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /**
   * Waits until something is so.
   *
   * @throws {Error} with what the process said when it ends before.
   */
  async until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) {
      const { exitCode, signalCode } = this.#child;
      if ((exitCode ?? signalCode) !== null) throw new Error(`it ended early: ${this.stderr}`);
      await sleep(50);
    }
  }
}
