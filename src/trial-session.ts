import type { TurnTaker } from "./batching/device-turns.ts";
import type { Feed, RunOutcome, Session, SessionInfo } from "./runtime/session.ts";

/**
 * A session that is tried beside models that serve: its runs take turns with their batches. Once it serves itself, whoever
 * closes its batches takes the turns.
 */
export class TrialSession implements Session {
  readonly #session: Session;
  #turns: Pick<TurnTaker, "take"> | undefined;

  constructor(session: Session, turns: Pick<TurnTaker, "take">) {
    this.#session = session;
    this.#turns = turns;
  }

  get info(): SessionInfo {
    return this.#session.info;
  }

  get restored(): Promise<unknown> | undefined {
    return this.#session.restored;
  }

  /** The trial is over. */
  serve(): void {
    this.#turns = undefined;
  }

  async run(feed: Feed): Promise<RunOutcome> {
    const turns = this.#turns;
    if (turns === undefined) return this.#session.run(feed);
    const startMs = performance.now();
    const end = await new Promise<() => void>((resolve) => {
      const turn = turns.take(resolve);
      if (turn !== undefined) resolve(turn);
    });
    const waitedMs = performance.now() - startMs;
    try {
      return { ...(await this.#session.run(feed)), waitedMs };
    } finally {
      end();
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
