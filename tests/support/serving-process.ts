import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { request } from "./http-client.ts";

const BIN = fileURLToPath(new URL("../../dist/bin.cjs", import.meta.url));

export interface FinishedProcess {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LaunchOptions {
  /** A command that runs the command behind it in its own place. @default none */
  readonly launcher?: readonly string[];
  /** `pipe`: open until the test ends it. @default "ignore" */
  readonly stdin?: "ignore" | "pipe";
}

/** The built program, as a user starts it. */
export class ServingProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #exited: Promise<number | null>;

  /**
   * @param environment instead of this process's own; PATH is kept
   */
  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    { launcher = [], stdin = "ignore" }: LaunchOptions = {},
  ) {
    const env = { PATH: process.env.PATH ?? "", DEVICE: "cpu", ...environment };
    const [command = "", ...rest] = [...launcher, process.execPath, BIN, ...args];
    this.child = spawn(command, rest, { env, stdio: [stdin, "pipe", "pipe"] });
    this.child.stdout?.on("data", (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
    });
    this.#exited = once(this.child, "close").then(([code]) => code as number | null);
    onTestFinished(() => void this.child.kill("SIGKILL"));
  }

  /** Resolves with the server's address as soon as its port is bound. */
  async listening(): Promise<string> {
    const line = await this.logged("listening");
    return `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`;
  }

  /**
   * Resolves with the server's address when it answers predictions. Waits for the log: health requests without a
   * pause would take the CPU that the model's load needs.
   */
  async ready(): Promise<string> {
    const url = await this.listening();
    await this.logged("model loaded");
    const { status } = await request(`${url}/readyz`);
    if (status !== 200) throw new Error(`the model is loaded, but /readyz answers ${status}`);
    return url;
  }

  /** Resolves with the first whole line of the log that says `message`. */
  async logged(message: string): Promise<string> {
    for (;;) {
      const line = this.stdout
        .split("\n")
        .slice(0, -1)
        .find((text) => text.includes(`"msg":"${message}"`));
      if (line !== undefined) return line;
      const { exitCode, signalCode } = this.child;
      if ((exitCode ?? signalCode) !== null) throw new Error(`the server ended: ${this.stderr}`);
      await Promise.race([once(this.child.stdout as NodeJS.EventEmitter, "data"), this.#exited]);
    }
  }

  async finished(): Promise<FinishedProcess> {
    const code = await this.#exited;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }
}
