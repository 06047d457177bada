import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ServingError, StartupError } from "../errors.ts";
import { splitColumns } from "../tensor/columns.ts";
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
  /** Called once when the thread ends, however that came about; not when it refused to load the model. */
  readonly onExit?: () => void;
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
}

/** A session in a worker thread of its own, for the life of that thread. */
export class WorkerSession implements Session {
  readonly info: SessionInfo;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #dead: ServingError | undefined;
  #hasExited = false;

  private constructor(worker: Worker, info: SessionInfo) {
    this.info = info;
    this.#worker = worker;
    worker.on("message", (message: RanMessage) => this.#settle(message));
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", (code) => {
      this.#hasExited = true;
      this.#fail(new Error(`exit code ${code}`));
    });
  }

  /**
   * Starts the thread and loads the model in it.
   *
   * @throws {StartupError} when the model can't be loaded, or the thread ends before it is.
   */
  static async start({ onExit, entry = ENTRY, ...options }: WorkerSessionOptions): Promise<WorkerSession> {
    const worker = new Worker(entry, { workerData: options, name: "inference" });
    if (onExit !== undefined) worker.once("exit", onExit);
    const message = await new Promise<LoadedMessage>((resolve, reject) => {
      worker.once("message", resolve);
      let cause = "";
      // Its exit follows: whoever waits for either hears of the exit first.
      worker.once("error", (error) => {
        cause = `: ${error.message}`;
      });
      worker.once("exit", (code) =>
        reject(new StartupError(`the inference worker ended with code ${code}${cause}`)),
      );
    });
    worker.removeAllListeners("message").removeAllListeners("error");
    if (message.kind === "loaded") return new WorkerSession(worker, message.info);
    if (onExit !== undefined) worker.off("exit", onExit);
    await worker.terminate();
    throw new StartupError(message.reason);
  }

  run(feed: Feed): Promise<RunOutcome> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const id = this.#nextId++;
    const { message, memory } = toMessage(id, feed);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage(message, memory);
    });
  }

  /**
   * Ends the thread when its run has ended. To end it sooner would end the process: ONNX Runtime's binding makes
   * a fatal error of a thread that is terminated within a run.
   */
  async close(): Promise<void> {
    if (this.#hasExited) return;
    const exited = once(this.#worker, "exit");
    this.#worker.postMessage(CLOSE);
    await exited;
  }

  #settle({ id, parts, computeInferMs }: RanMessage): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    try {
      pending?.resolve({ rows: parts.flatMap(toRowOutcomes), computeInferMs, ranAlone: parts.length > 1 });
    } catch (error) {
      pending?.reject(error as ServingError);
    }
  }

  #fail(cause: Error): void {
    this.#dead ??= new ServingError("INFERENCE_FAILED", "the inference worker died during this batch", {
      cause,
    });
    for (const { reject } of this.#pending.values()) reject(this.#dead);
    this.#pending.clear();
  }
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
