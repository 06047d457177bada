import type { Feed, RunOutcome, Session, SessionInfo } from "./session.ts";

interface Lane {
  readonly session: Session;
  /** The run that is under way; never rejects. */
  running: Promise<unknown> | undefined;
}

/**
 * Several sessions of one model that run side by side, one batch on each. A lane whose thread died takes no batch until
 * it has another, as long as one of the others can.
 */
export class SessionLanes implements Session {
  readonly info: SessionInfo;
  readonly #lanes: readonly Lane[];

  /** @param sessions of the same model, the first of which tells what it declares. At least one. */
  constructor(sessions: readonly [Session, ...Session[]]) {
    this.info = sessions[0].info;
    this.#lanes = sessions.map((session) => ({ session, running: undefined }));
  }

  /** How many batches can run at once. */
  get count(): number {
    return this.#lanes.length;
  }

  /** How many lanes hold the model now. */
  get live(): number {
    return this.#lanes.filter(({ session }) => session.restored === undefined).length;
  }

  /**
   * Runs on the first lane that is free. With more runs than lanes the rest wait, in no stated order.
   *
   * @throws as the lane does; why there is none, when no lane could be restored.
   */
  async run(feed: Feed): Promise<RunOutcome> {
    let lane = this.#freeLane();
    while (lane === undefined) {
      await this.#someChange();
      lane = this.#freeLane();
    }
    // Nothing may be awaited from the finding of the lane to here: another run would find it too.
    const run = lane.session.run(feed);
    lane.running = run.catch(() => {});
    try {
      return await run;
    } finally {
      lane.running = undefined;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map(({ session }) => session.close()));
  }

  #freeLane(): Lane | undefined {
    return this.#lanes.find(
      ({ session, running }) => running === undefined && session.restored === undefined,
    );
  }

  /** Waits until a run ends or a thread is there again. */
  async #someChange(): Promise<void> {
    try {
      await Promise.any(this.#lanes.map(({ session, running }) => running ?? session.restored));
    } catch (error) {
      throw (error as AggregateError).errors[0];
    }
  }
}
