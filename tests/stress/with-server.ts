import { fileURLToPath } from "node:url";
import { ServerProcess, type ServerProcessOptions } from "../../src/bench/server-process.ts";
import type { StressContext } from "./stress-check.ts";

const ENTRY = fileURLToPath(new URL("../../dist/bin.cjs", import.meta.url));

/** The repository's own model: a run takes well under a millisecond. */
export const DIGITS_FOLDER: string = fileURLToPath(new URL("../../model_dir", import.meta.url));

/** Runs `use` with the built server in a process of its own, and ends that. Throws too when it does not end with 0. */
export async function withServer<Result>(
  { signal }: StressContext,
  options: Omit<ServerProcessOptions, "entry" | "signal">,
  use: (server: ServerProcess) => Promise<Result>,
): Promise<Result> {
  const flags = ["--device=cpu", ...(options.flags ?? [])];
  const server = await ServerProcess.start({ ...options, flags, entry: ENTRY, signal });
  try {
    const result = await use(server);
    await server.stop();
    return result;
  } finally {
    server.kill();
  }
}
