import { type FindLanesOptions, findLanes } from "./find-lanes.ts";
import type { Session } from "./runtime/session.ts";
import { SessionLanes } from "./runtime/session-lanes.ts";
import type { Tensors } from "./tensor/tensor.ts";
import { warmUp } from "./trial-run.ts";

/** What is said of the lanes to operators. */
export interface LaneReport {
  readonly count: number;
  /** Threads of a run. */
  readonly intraOpThreads: number;
  /** Why so many. */
  readonly reason: string;
}

export interface OpenLanesOptions extends FindLanesOptions {
  /** Ensures that a session answers as the first did. */
  readonly prove: (session: Session) => Promise<void>;
}

export interface OpenedLanes {
  readonly session: SessionLanes;
  readonly report: LaneReport;
  /** Of one lane, as it serves. */
  readonly measured: FindLanesOptions["measured"];
  readonly warnings: readonly string[];
}

/**
 * From the first session to all that serve: each lane answers as the first did, and is warm.
 *
 * @throws {StartupError} when a lane that was asked for can't be started, or one answers otherwise. Then all sessions
 * but the first are closed.
 */
export async function openLanes(options: OpenLanesOptions): Promise<OpenedLanes> {
  const { first, prove, makeRow } = options;
  const started: Session[] = [];
  const start: OpenLanesOptions["start"] = async (place) => {
    const session = await options.start(place);
    started.push(session);
    return session;
  };
  try {
    const { sessions, intraOpThreads, reason, warnings } = await findLanes({ ...options, start });
    if (makeRow !== undefined) {
      const others = sessions.filter((session) => session !== first);
      await Promise.all(others.map((session) => prove(session)));
    }
    return {
      session: new SessionLanes(sessions),
      report: { count: sessions.length, intraOpThreads, reason },
      measured: makeRow === undefined ? options.measured : await warmNew(options, sessions, makeRow),
      warnings,
    };
  } catch (error) {
    await Promise.all(started.map((session) => session.close()));
    throw error;
  }
}

/**
 * Runs every batch size on every lane that is new. A lane of fewer threads may be best with another size: where such
 * lanes took the first session's place, it is learnt again.
 */
async function warmNew(
  { first, plan, batching, measured }: OpenLanesOptions,
  sessions: readonly Session[],
  makeRow: () => Tensors,
): Promise<OpenedLanes["measured"]> {
  const warm = (session: Session, maxBatchSize: number | undefined) =>
    warmUp({ session, batching, makeRow, maxBatchSize });
  const [lead, ...others] = sessions.filter((session) => session !== first);
  if (lead === undefined) return measured;
  const isReplaced = !sessions.includes(first);
  const best = isReplaced ? await warm(lead, plan.settings.maxBatchSize) : measured;
  const cold = isReplaced ? others : [lead, ...others];
  await Promise.all(cold.map((session) => warm(session, best.maxBatchSize)));
  return best;
}
