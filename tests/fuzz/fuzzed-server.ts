import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { rssMib } from "../../benchmark/soak/rss-sampler.ts";

const BIN = fileURLToPath(new URL("../../dist/bin.cjs", import.meta.url));

/** Limits within reach of small requests. */
const FLAGS = [
  "--host=127.0.0.1",
  "--port=0",
  "--device=cpu",
  "--drain-delay-ms=0",
  "--max-instances=256",
  "--max-body-bytes=1MiB",
];

/** What a leak would let grow. */
export interface ProcessFigures {
  readonly rssMib: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** The built server. Its whole log is read: what it says of itself is held against it. */
export class FuzzedServer {
  readonly port: number;
  /** What should not be in a log: errors, and what is no log line. */
  readonly complaints: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, lines: NodeJS.EventEmitter, port: number) {
    this.#child = child;
    this.port = port;
    this.#ended = once(child, "exit");
    lines.on("line", (line: string) => {
      if (!/^\{"level":"(info|warn)"/.test(line)) this.complaints.push(line);
    });
    child.stderr?.on("data", (chunk: Buffer) => this.complaints.push(chunk.toString("utf8").trim()));
  }

  /** Starts it on a free port; resolves when it is ready. @throws {Error} when it ends before. */
  static async start(folder: string, flags: readonly string[] = []): Promise<FuzzedServer> {
    const child = spawn(process.execPath, [BIN, "serve", `--model-dir=${folder}`, ...FLAGS, ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (child.stdout === null) throw new Error("the server's log is not read");
    const lines = createInterface(child.stdout);
    const port = await new Promise<number>((resolve, reject) => {
      let bound = 0;
      const onLine = (line: string) => {
        if (line.includes('"msg":"listening"')) bound = (JSON.parse(line) as { port: number }).port;
        if (line.includes('"msg":"model loaded"')) {
          lines.off("line", onLine);
          resolve(bound);
        }
      };
      lines.on("line", onLine);
      child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
    });
    return new FuzzedServer(child, lines, port);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** How it ended. */
  get ending(): string {
    return `the server ended with ${this.#child.signalCode ?? this.#child.exitCode}`;
  }

  /** Linux only. */
  figures(): ProcessFigures {
    const pid = this.#child.pid ?? 0;
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return {
      rssMib: Math.round(rssMib(pid) ?? 0),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1]),
    };
  }

  /** Ends it as an orchestrator does. @returns how it ended, where that is not with 0 */
  async stop(): Promise<string | undefined> {
    if (this.isAlive) {
      this.#child.kill("SIGTERM");
      await this.#ended;
    }
    return this.#child.exitCode === 0 ? undefined : this.ending;
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
