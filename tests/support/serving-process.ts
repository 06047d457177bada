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

/** The built program, as a user starts it. */
export class ServingProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #exited: Promise<number | null>;

  /** @param environment instead of this process's own; PATH is kept */
  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { PATH: process.env.PATH ?? "", DEVICE: "cpu", ...environment };
    this.child = spawn(process.execPath, [BIN, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
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
    while (!this.stdout.includes('"msg":"listening"')) {
      if (this.child.exitCode !== null) throw new Error(`the server ended: ${this.stderr}`);
      await Promise.race([once(this.child.stdout as NodeJS.EventEmitter, "data"), this.#exited]);
    }
    const line = this.stdout.split("\n").find((text) => text.includes('"msg":"listening"')) ?? "";
    return `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}`;
  }

  /** Resolves with the server's address when it answers predictions. */
  async ready(): Promise<string> {
    const url = await this.listening();
    while ((await request(`${url}/readyz`)).status !== 200)
      await new Promise((resolve) => setImmediate(resolve));
    return url;
  }

  async finished(): Promise<FinishedProcess> {
    const code = await this.#exited;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }
}
