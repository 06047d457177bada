import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { PartMessage, Parts, PartTask } from "./part-process.ts";

type Options<Part extends keyof Parts> = Parameters<Parts[Part]>[0];
type Result<Part extends keyof Parts> = Awaited<ReturnType<Parts[Part]>>;

const ENTRY = fileURLToPath(new URL("./part-process.ts", import.meta.url));

export interface RunPartOptions {
  /** Ends the process at once when aborted. */
  readonly signal: AbortSignal;
  /** What the part says while it runs. */
  readonly onNote?: (text: string) => void;
}

/**
 * Runs a part in a process of its own and returns its result.
 *
 * @throws {Error} the part's own error, or that its process ended before it was done.
 */
export function runPart<Part extends keyof Parts>(
  part: Part,
  options: Options<Part>,
  { signal, onNote }: RunPartOptions,
): Promise<Result<Part>> {
  // tsx passes itself on in execArgv. The environment is what bin.cts gives the server.
  const child = fork(ENTRY, {
    signal,
    killSignal: "SIGKILL",
    env: { ...process.env, ORT_DISABLE_TELEMETRY: "1" },
  });
  return new Promise<Result<Part>>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, killedBy) =>
      reject(new Error(`the part ${part} ended with ${killedBy ?? code}`)),
    );
    child.on("message", (message: PartMessage) => {
      if (message.kind === "note") onNote?.(message.text);
      else if (message.kind === "error") reject(new Error(`the part ${part} failed: ${message.stack}`));
      else resolve(message.result as Result<Part>);
    });
    child.send({ part, options } satisfies PartTask);
  }).finally(() => child.kill("SIGKILL"));
}
