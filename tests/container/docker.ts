import { execFile } from "node:child_process";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Marks what this run makes, for its removal. */
export const RUN_LABEL = `onnx-serving.container-test=${process.pid}`;

/** What the image promises to run under. */
export const HARDENED = [
  "--read-only",
  "--tmpfs=/tmp",
  "--cap-drop=ALL",
  "--security-opt=no-new-privileges",
] as const;

/** Runs `docker` with these arguments; never throws for what the command itself says. */
export function tryDocker(...args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile("docker", args, { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      resolve({
        code: error === null ? 0 : typeof error.code === "number" ? error.code : -1,
        stdout,
        stderr,
      });
    });
  });
}

/**
 * Runs `docker` and returns what it printed, without the last line break.
 *
 * @throws when it fails.
 */
export async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(...args);
  if (code !== 0) throw new Error(`docker ${args.join(" ")}: exit code ${code}: ${stderr || stdout}`);
  return stdout.trimEnd();
}

/** Returns the bytes of an image, all layers. */
export async function imageBytes(image: string): Promise<number> {
  return Number(await docker("image", "inspect", "--format={{.Size}}", image));
}

/** Runs a command in a container of its own, as root, and returns what it printed. */
export function runOnce(image: string, command: string, flags: readonly string[] = []): Promise<string> {
  const [shell, ...rest] = ["sh", "-c", command];
  const own = ["--rm", "--user=0", `--label=${RUN_LABEL}`, `--entrypoint=${shell}`];
  return docker("run", ...own, ...flags, image, ...rest);
}

export interface ContainerOptions {
  readonly image: string;
  /** Flags of `docker run`. */
  readonly flags?: readonly string[];
  /** Arguments of the server. */
  readonly args?: readonly string[];
}

/** A running server. */
export class Container {
  readonly id: string;

  private constructor(id: string) {
    this.id = id;
  }

  static async start({ image, flags = [], args = [] }: ContainerOptions): Promise<Container> {
    const own = ["--detach", `--label=${RUN_LABEL}`, "--publish=127.0.0.1::8501"];
    return new Container(await docker("run", ...own, ...flags, image, ...args));
  }

  /**
   * Starts a server, waits until it is ready, and removes it when `use` is done.
   *
   * @throws when it is not ready within a minute.
   */
  static async use<T>(options: ContainerOptions, use: (container: Container) => Promise<T>): Promise<T> {
    const container = await Container.start(options);
    try {
      await container.waitReady();
      return await use(container);
    } finally {
      await container.remove();
    }
  }

  async url(): Promise<string> {
    const [address] = (await docker("port", this.id, "8501/tcp")).split("\n");
    return `http://${address}`;
  }

  async waitReady(): Promise<void> {
    const url = await this.url();
    for (let attempt = 0; attempt < 120; attempt += 1) {
      if ((await this.state("Running")) !== "true") break;
      if ((await statusOf(`${url}/readyz`)) === 200) return;
      await sleep(500);
    }
    throw new Error(`the server did not get ready: ${await this.logs()}`);
  }

  /** Returns one field of the container's state, as text. */
  state(field: string): Promise<string> {
    return docker("inspect", `--format={{.State.${field}}}`, this.id);
  }

  /** Returns the container's exit code once it ended, and how long that took from now. */
  async exit(): Promise<{ code: number; ms: number }> {
    const start = performance.now();
    const code = Number(await docker("wait", this.id));
    return { code, ms: performance.now() - start };
  }

  /** Runs a command inside and returns what it printed. */
  exec(...command: readonly string[]): Promise<string> {
    return docker("exec", this.id, ...command);
  }

  kill(signal: string): Promise<string> {
    return docker("kill", `--signal=${signal}`, this.id);
  }

  /** Returns both streams. */
  async logs(): Promise<string> {
    const { stdout, stderr } = await tryDocker("logs", this.id);
    return stdout + stderr;
  }

  async stderr(): Promise<string> {
    return (await tryDocker("logs", this.id)).stderr;
  }

  async remove(): Promise<void> {
    await tryDocker("rm", "--force", "--volumes", this.id);
  }
}

/** Returns the status of a GET, or 0 where nobody answers, as while Docker forwards a port that nobody listens on. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const call = get(url, { agent: false, timeout: 2000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(0));
  });
}

/** Removes every container of this run. */
export async function removeContainers(): Promise<void> {
  const ids = await docker("ps", "--all", "--quiet", `--filter=label=${RUN_LABEL}`);
  if (ids !== "") await tryDocker("rm", "--force", "--volumes", ...ids.split("\n"));
}
