import { setTimeout as sleep } from "node:timers/promises";
import type { CudaDevices } from "./config/cuda-devices.ts";
import { platformWarnings } from "./config/platform-warnings.ts";
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

/** How long a process that should end at once waits for what its worker threads are in, and for its last answers and telemetry. */
const LAST_RUN_MS = 2000;

/**
 * Serves until the process is told to stop. Ends the process: with 0 after a drain, 1 after a failure or a
 * drain that took too long, 128 + the signal's number when told twice; where a thread is then still within a native
 * call, as `runtime/exit-guard.ts` says.
 *
 * @throws {StartupError} when the address can't be bound or the model can't be served.
 */
export async function serve({ settings, cpus, cuda }: ServeOptions): Promise<void> {
  const logger = createLogger(settings.logLevel);
  for (const warning of platformWarnings(settings)) logger.warn(warning);
  const fail = (error: Error) => {
    logger.fatal({ error }, "stopping after a failure");
    server.lifecycle.moveTo("FAILED", error.message);
    void stop(0, 1);
  };
  const server = new Server({ settings, logger, cpus, cuda, onFatal: fail });

  // Not before the batch that runs has ended, if that is soon.
  const exit = async (code: number, ended: Promise<void>, patienceMs = LAST_RUN_MS) => {
    await Promise.race([Promise.all([ended, server.closeTelemetry()]), sleep(patienceMs)]);
    logger.info({ exitCode: code }, "stopped");
    process.exit(code);
  };
  let isStopping = false;
  const stop = async (drainMs: number, exitCode: number) => {
    if (isStopping) return;
    isStopping = true;
    let isLate = false;
    const { shutdownTimeoutMs } = settings;
    const lastMs = Math.min(LAST_RUN_MS, shutdownTimeoutMs / 10);
    const lateTimer = setTimeout(() => {
      isLate = true;
      logger.error(
        "the drain takes longer than SHUTDOWN_TIMEOUT_MS allows; unfinished requests get DRAINING",
      );
      void exit(1, server.cutOff(), lastMs);
    }, shutdownTimeoutMs - lastMs).unref();
    await server.drain(drainMs);
    // What is left now, telemetry, has its own limit, and is no reason for another exit code.
    clearTimeout(lateTimer);
    if (!isLate) await exit(exitCode, server.endWorkers(), lastMs);
  };
  for (const [signal, number] of [
    ["SIGTERM", 15],
    ["SIGINT", 2],
  ] as const) {
    // In place of the one that ends the process at once.
    process.removeAllListeners(signal);
    process.on(signal, () => {
      if (isStopping) {
        void exit(128 + number, server.endWorkers());
        return;
      }
      logger.info({ signal }, "draining");
      // Before it was ready no balancer sent requests here: nothing to wait for.
      void stop(server.lifecycle.state === "READY" ? settings.drainDelayMs : 0, 0);
    });
  }
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
