import { setTimeout as sleep } from "node:timers/promises";
import type { CudaDevices } from "./config/cuda-devices.ts";
import type { Settings } from "./config/settings.ts";
import { toStartupError } from "./errors.ts";
import { createLogger } from "./observability/logger.ts";
import { Server } from "./server.ts";

export interface ServeOptions {
  readonly settings: Settings;
  /** CPUs to plan threads for. */
  readonly cpus: number;
  readonly cuda: CudaDevices;
}

/** How long a process that should end at once waits for what its worker threads are in. */
const LAST_RUN_MS = 2000;

/**
 * Serves until the process is told to stop. Ends the process: with 0 after a drain, 1 after a failure or a
 * drain that took too long, 128 + the signal's number when told twice.
 *
 * @throws {StartupError} when the address can't be bound or the model can't be served.
 */
export async function serve({ settings, cpus, cuda }: ServeOptions): Promise<void> {
  const logger = createLogger(settings.logLevel);
  const fail = (error: Error) => {
    logger.fatal({ error }, "stopping after a failure");
    server.lifecycle.moveTo("FAILED", error.message);
    void stop(0, 1);
  };
  const server = new Server({ settings, logger, cpus, cuda, onFatal: fail });

  // Not before the batch that runs has ended, if that is soon.
  const exit = async (code: number) => {
    await Promise.race([server.endWorkers(), sleep(LAST_RUN_MS)]);
    process.exit(code);
  };
  let isStopping = false;
  const stop = async (drainMs: number, exitCode: number) => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => {
      logger.error("the drain took longer than SHUTDOWN_TIMEOUT_MS; unfinished requests are cut off");
      void exit(1);
    }, settings.shutdownTimeoutMs).unref();
    await server.drain(drainMs);
    logger.info({ exitCode }, "stopped");
    process.exit(exitCode);
  };
  for (const [signal, number] of [
    ["SIGTERM", 15],
    ["SIGINT", 2],
  ] as const) {
    // In place of the one that ends the process at once.
    process.removeAllListeners(signal);
    process.on(signal, () => {
      if (isStopping) {
        void exit(128 + number);
        return;
      }
      logger.info({ signal }, "draining");
      // Before it was ready no balancer sent requests here: nothing to wait for.
      void stop(server.lifecycle.state === "READY" ? settings.drainDelayMs : 0, 0);
    });
  }
  // By default Node opens its debugger on this signal.
  process.on("SIGUSR1", () => {});
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", (reason) =>
    fail(reason instanceof Error ? reason : new Error(String(reason))),
  );

  const port = await server.listen();
  logger.info({ host: settings.host, port }, "listening");
  try {
    await server.load();
  } catch (error) {
    if (isStopping) return;
    server.lifecycle.moveTo("FAILED", (error as Error).message);
    throw toStartupError(error);
  }
}
