import { StartupError } from "../errors.ts";
import { LossLimit, type ThreadLoss } from "./loss-limit.ts";
import type { Feed, RunOutcome, Session, SessionInfo } from "./session.ts";

/** What the supervisor tells of the thread it watches. */
export interface SessionObserver {
  /** The thread died, or hangs; no run succeeds until `restored`. */
  lost(loss: ThreadLoss): void;
  /** A new thread has loaded the model. */
  restored(): void;
  /** Another thread is no remedy: the process should end, so that its orchestrator sees it. */
  gaveUp(reason: StartupError): void;
}

export interface SupervisedSessionOptions {
  /** Starts a session and calls `onLost` when its thread is lost, before the session is there as well. */
  readonly start: (onLost: (loss: ThreadLoss) => void) => Promise<Session>;
  /** @default its own */
  readonly limit?: Pick<LossLimit, "add" | "waitMs">;
  readonly observer: SessionObserver;
}

/** A new thread may take so many times what the first one took, and at least a minute; then it hangs in its load. */
const MOST_OF_START = 10;
const MIN_START_LIMIT_MS = 60_000;

/**
 * A session whose thread is replaced when it is lost. A run that is under way then rejects; the next ones
 * wait for the new thread.
 */
export class SupervisedSession implements Session {
  readonly info: SessionInfo;
  readonly #options: SupervisedSessionOptions;
  readonly #limit: Pick<LossLimit, "add" | "waitMs">;
  readonly #startLimitMs: number;
  #current: Promise<Session>;
  #isLost = false;
  readonly #closing = new AbortController();

  private constructor(options: SupervisedSessionOptions, first: Session, startMs: number) {
    this.#options = options;
    this.#limit = options.limit ?? new LossLimit();
    this.#startLimitMs = Math.max(MIN_START_LIMIT_MS, MOST_OF_START * startMs);
    this.#current = Promise.resolve(first);
    this.info = first.info;
  }

  /** Starts the first thread; its failure is the caller's, and is not tried again. */
  static async start(options: SupervisedSessionOptions): Promise<SupervisedSession> {
    let supervised: SupervisedSession | undefined;
    const beginMs = performance.now();
    const first = await options.start((loss) => {
      if (supervised !== undefined) supervised.#replace(loss);
    });
    supervised = new SupervisedSession(options, first, performance.now() - beginMs);
    return supervised;
  }

  get restored(): Promise<unknown> | undefined {
    return this.#isLost ? this.#current : undefined;
  }

  async run(feed: Feed): Promise<RunOutcome> {
    const session = await this.#current;
    return session.run(feed);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const session = await this.#current.catch(() => undefined);
    await session?.close();
  }

  /** The thread is lost: starts the next one, after a while if it is not the first, unless that happens too often. */
  #replace(loss: ThreadLoss): void {
    if (this.#closing.signal.aborted) return;
    const { observer } = this.#options;
    this.#isLost = true;
    observer.lost(loss);
    const reason = this.#limit.add(loss);
    if (reason !== undefined) {
      this.#giveUp(reason);
      return;
    }
    const { waitMs } = this.#limit;
    const next =
      waitMs === 0 ? this.#startNext() : wait(waitMs, this.#closing.signal).then(() => this.#startNext());
    this.#current = next;
    next.then(
      () => {
        if (this.#current !== next) return;
        this.#isLost = false;
        observer.restored();
      },
      (error: unknown) => {
        // A thread that died while it loaded has been replaced already.
        if (this.#current === next && !this.#closing.signal.aborted) observer.gaveUp(error as StartupError);
      },
    );
  }

  #startNext(): Promise<Session> {
    const limitMs = this.#startLimitMs;
    const timer = setTimeout(() => {
      this.#giveUp(new StartupError(`a new inference worker did not load the model within ${limitMs} ms`));
    }, limitMs);
    return this.#options.start((loss) => this.#replace(loss)).finally(() => clearTimeout(timer));
  }

  #giveUp(reason: StartupError): void {
    this.#current = Promise.reject(reason);
    this.#current.catch(() => {});
    this.#options.observer.gaveUp(reason);
  }
}

/** Rejects when `signal` is aborted meanwhile. */
function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
  });
}
