import { StartupError } from "../errors.ts";
import type { Feed, RunOutcome, Session, SessionInfo } from "./session.ts";

/** What the supervisor tells of the thread it watches. */
export interface SessionObserver {
  /** The thread died; no run succeeds until `restored`. */
  lost(): void;
  /** A new thread has loaded the model. */
  restored(): void;
  /** Too many deaths in the window: the process should end, so that its orchestrator sees it. */
  gaveUp(reason: StartupError): void;
}

export interface SupervisedSessionOptions {
  /** Starts a session and calls `onExit` when its thread ends, before the session is there as well. */
  readonly start: (onExit: () => void) => Promise<Session>;
  /**
   * Deaths within `windowMs` at which the supervisor gives up. Minimum: 1.
   *
   * @default 3
   */
  readonly maxDeaths?: number;
  /** @default 60000 */
  readonly windowMs?: number;
  /**
   * When threads died, on the clock of `performance.now()`. Sessions that share it give up by what all of
   * them lost together.
   *
   * @default its own
   */
  readonly deathsMs?: number[];
  readonly observer: SessionObserver;
}

/**
 * A session whose thread is replaced when it dies. A run that is under way then rejects; the next ones
 * wait for the new thread.
 */
export class SupervisedSession implements Session {
  readonly info: SessionInfo;
  readonly #options: SupervisedSessionOptions;
  readonly #deathsMs: number[];
  #current: Promise<Session>;
  #isLost = false;
  #closed = false;

  private constructor(options: SupervisedSessionOptions, first: Session) {
    this.#options = options;
    this.#deathsMs = options.deathsMs ?? [];
    this.#current = Promise.resolve(first);
    this.info = first.info;
  }

  /** Starts the first thread; its failure is the caller's, and is not tried again. */
  static async start(options: SupervisedSessionOptions): Promise<SupervisedSession> {
    let supervised: SupervisedSession | undefined;
    const first = await options.start(() => {
      if (supervised !== undefined) supervised.#replace();
    });
    supervised = new SupervisedSession(options, first);
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
    this.#closed = true;
    const session = await this.#current.catch(() => undefined);
    await session?.close();
  }

  /** The thread ended: starts the next one, unless that happens too often. */
  #replace(): void {
    if (this.#closed) return;
    const { start, maxDeaths = 3, windowMs = 60_000, observer } = this.#options;
    const nowMs = performance.now();
    const recentMs = this.#deathsMs.filter((ms) => nowMs - ms < windowMs);
    this.#deathsMs.splice(0, Number.POSITIVE_INFINITY, ...recentMs, nowMs);
    this.#isLost = true;
    observer.lost();
    if (this.#deathsMs.length >= maxDeaths) {
      const reason = new StartupError(`the inference worker died ${maxDeaths} times in ${windowMs / 1000} s`);
      this.#current = Promise.reject(reason);
      this.#current.catch(() => {});
      observer.gaveUp(reason);
      return;
    }
    const next = start(() => this.#replace());
    this.#current = next;
    next.then(
      () => {
        this.#isLost = false;
        observer.restored();
      },
      (error: unknown) => {
        // A thread that died while it loaded has been replaced already.
        if (this.#current === next) observer.gaveUp(error as StartupError);
      },
    );
  }
}
