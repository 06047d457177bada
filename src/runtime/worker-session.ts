import { Worker } from "node:worker_threads";
import { ServingError, StartupError } from "../errors.ts";
import { splitColumns } from "../tensor/columns.ts";
import { enterNativeCall } from "./exit-guard.ts";
import type { ThreadLoss } from "./loss-limit.ts";
import type { Feed, RowOutcome, RunOutcome, Session, SessionInfo } from "./session.ts";
import { toTransferable } from "./transferables.ts";
import {
  CLOSE,
  type InferenceWorkerOptions,
  type LoadedMessage,
  type OutcomePart,
  type RanMessage,
  type RunMessage,
} from "./worker-messages.ts";

const ENTRY = new URL("./inference-worker.js", import.meta.url);

export interface WorkerSessionOptions extends InferenceWorkerOptions {
  /** Called once when the thread ends, however that came about, or hangs; not when it refused to load the model. */
  readonly onLost?: (loss: ThreadLoss) => void;
  /**
   * Longest time for one run, from when it is handed to the thread; 0 is without end. Then the session is lost. Its
   * thread is left alone, and ends when the run does.
   *
   * @default 0
   */
  readonly runTimeoutMs?: number;
  /**
   * The thread's program.
   *
   * @default inference-worker
   */
  readonly entry?: URL;
}

interface Pending {
  readonly resolve: (outcome: RunOutcome) => void;
  readonly reject: (error: ServingError) => void;
  readonly stopClock: () => void;
  /** The thread is out of the run. */
  readonly left: () => void;
}

/**
 * A run's time is counted in so many ticks. After a process was paused (`docker pause`, a machine that slept) one tick
 * is over, and not all of its time.
 */
const CLOCK_TICKS = 20;

/** A session in a worker thread of its own, for the life of that thread. */
export class WorkerSession implements Session {
  readonly info: SessionInfo;
  readonly #worker: Worker;
  readonly #runTimeoutMs: number;
  readonly #onLost: (loss: ThreadLoss) => void;
  readonly #pending = new Map<number, Pending>();
  /** Resolves when the thread has ended, or will not. */
  readonly #ended: Promise<void>;
  #resolveEnded = () => {};
  #nextId = 0;
  #dead: ServingError | undefined;

  private constructor(worker: Worker, info: SessionInfo, { runTimeoutMs = 0, onLost }: LossOptions) {
    this.info = info;
    this.#worker = worker;
    this.#runTimeoutMs = runTimeoutMs;
    this.#onLost = onLost;
    this.#ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    worker.on("message", (message: RanMessage) => this.#settle(message));
    worker.on("error", (error) => {
      // Its exit is told some turns later; whoever hears of the failure must not find the session alive.
      onLost("died");
      this.#fail(DIED, error);
    });
    worker.on("exit", (code) => {
      this.#fail(DIED, new Error(`exit code ${code}`));
      for (const { left } of this.#pending.values()) left();
      this.#pending.clear();
      this.#resolveEnded();
    });
  }

  /**
   * Starts the thread and loads the model in it.
   *
   * @throws {StartupError} when the model can't be loaded, or the thread ends before it is.
   */
  static start(options: WorkerSessionOptions): Promise<WorkerSession> {
    const { onLost, runTimeoutMs, entry = ENTRY, ...workerData } = options;
    const worker = new Worker(entry, { workerData, name: "inference" });
    const leave = enterNativeCall();
    let isLost = false;
    const lose = (loss: ThreadLoss) => {
      if (!isLost) onLost?.(loss);
      isLost = true;
    };
    const started = new Promise<WorkerSession>((resolve, reject) => {
      let cause = "";
      // Its exit follows: whoever waits for either hears of the exit first.
      const onError = (error: Error) => {
        cause = `: ${error.message}`;
      };
      worker.on("error", onError);
      worker.once("exit", (code) => {
        lose("died");
        reject(new StartupError(`the inference worker ended with code ${code}${cause}`));
      });
      // All of it at once: when this thread is busy, the exit of one that has ended is told in the same turn.
      worker.once("message", (message: LoadedMessage) => {
        if (message.kind === "loaded") {
          worker.off("error", onError);
          resolve(new WorkerSession(worker, message.info, { runTimeoutMs, onLost: lose }));
          return;
        }
        // Its supervisor has the reason.
        worker.removeAllListeners("exit");
        void worker.terminate().then(() => reject(new StartupError(message.reason)));
      });
    });
    return started.finally(leave);
  }

  run(feed: Feed): Promise<RunOutcome> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const id = this.#nextId++;
    const { message, memory } = toMessage(id, feed);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, stopClock: this.#startClock(), left: enterNativeCall() });
      this.#worker.postMessage(message, memory);
    });
  }

  /**
   * Ends the thread when its run has ended, and does not wait for one that hangs. To end it sooner would end the
   * process: ONNX Runtime's binding makes a fatal error of a thread that is terminated within a run.
   */
  async close(): Promise<void> {
    this.#worker.postMessage(CLOSE);
    await this.#ended;
  }

  /** Returns what stops the clock of a run. */
  #startClock(): () => void {
    const timeoutMs = this.#runTimeoutMs;
    if (timeoutMs === 0) return () => {};
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
      if (ticks === CLOCK_TICKS) this.#hang();
    }, timeoutMs / CLOCK_TICKS);
    return () => clearInterval(timer);
  }

  #settle({ id, parts, computeInferMs }: RanMessage): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.stopClock();
    pending?.left();
    try {
      pending?.resolve({ rows: parts.flatMap(toRowOutcomes), computeInferMs, ranAlone: parts.length > 1 });
    } catch (error) {
      pending?.reject(error as ServingError);
    }
  }

  /** The thread is within a native call that does not end, and stays there. */
  #hang(): void {
    this.#onLost("hung");
    this.#fail(`the run did not end within ${this.#runTimeoutMs} ms (RUN_TIMEOUT_MS)`);
    this.#worker.postMessage(CLOSE);
    this.#resolveEnded();
  }

  /** Rejects what is under way, of which the thread may still be in the first. */
  #fail(reason: string, cause?: Error): void {
    this.#dead ??= new ServingError("INFERENCE_FAILED", reason, { cause });
    for (const { reject, stopClock } of this.#pending.values()) {
      stopClock();
      reject(this.#dead);
    }
  }
}

const DIED = "the inference worker died during this batch";

interface LossOptions {
  readonly runTimeoutMs: number | undefined;
  readonly onLost: (loss: ThreadLoss) => void;
}

function toMessage(id: number, feed: Feed): { message: RunMessage; memory: ArrayBuffer[] } {
  if (feed.kind === "rows") {
    const { tensors, memory } = toTransferable(feed.rows);
    return { message: { id, feed: { ...feed, rows: tensors } }, memory };
  }
  const { tensors, memory } = toTransferable([feed.feeds]);
  return { message: { id, feed: { ...feed, feeds: tensors[0] ?? {} } }, memory };
}

function toRowOutcomes(part: OutcomePart): RowOutcome[] {
  if ("error" in part) return [part];
  if (part.rowCount === "whole") return [{ outputs: part.outputs }];
  return splitColumns(part.outputs, part.rowCount).map((outputs) => ({ outputs }));
}
