import { type FindLanesOptions, findLanes, firstPlace } from "./find-lanes.ts";
import type { Session, SessionPlace } from "./runtime/session.ts";
import { SessionLanes } from "./runtime/session-lanes.ts";
import { bestBatchSize } from "./runtime/warm-up.ts";
import type { Tensors } from "./tensor/tensor.ts";
import { runEachSize, warmUp } from "./trial-run.ts";

/** What is said of the lanes to operators. */
export interface LaneReport {
  readonly count: number;
  /** Threads of a run. */
  readonly intraOpThreads: number;
  /** Threads of the run of a row that is alone, where a session of its own has more. */
  readonly wideThreads?: number;
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
 * From the first session to all that serve: each lane answers as the first did, is warm, and holds no memory of batches
 * that are larger than it will run.
 *
 * @throws {StartupError} when a lane that was asked for can't be started, or one answers otherwise. Then all sessions
 * but the first are closed.
 */
export async function openLanes(options: OpenLanesOptions): Promise<OpenedLanes> {
  const { first, prove, makeRow, plan } = options;
  const devicesOf = new Map<Session, number>([[first, firstPlace(plan).cudaDevice]]);
  const started: Session[] = [];
  const start: OpenLanesOptions["start"] = async (place) => {
    const session = await options.start(place);
    started.push(session);
    devicesOf.set(session, place.cudaDevice);
    return session;
  };
  try {
    const { sessions, wide, intraOpThreads, reason, warnings } = await findLanes({ ...options, start });
    if (makeRow !== undefined) {
      const others = sessions.filter((session) => session !== first);
      await Promise.all(others.map((session) => prove(session)));
    }
    const opened =
      makeRow === undefined
        ? undefined
        : await warmNew({ ...options, start, makeRow }, { sessions, intraOpThreads });
    const lanes = opened?.sessions ?? sessions;
    const isShared = plan.load !== undefined && first.info.provider === "cuda";
    const devices = lanes.map((session) => devicesOf.get(session) ?? 0);
    const wideThreads = wide === undefined ? {} : { wideThreads: firstPlace(plan).intraOpThreads };
    return {
      session: new SessionLanes({
        lanes,
        wide: opened?.wide,
        ...(isShared ? { shared: { load: plan.load, devices } } : {}),
      }),
      report: { count: sessions.length, intraOpThreads, ...wideThreads, reason },
      measured: opened?.measured ?? options.measured,
      warnings,
    };
  } catch (error) {
    await Promise.all(started.map((session) => session.close()));
    throw error;
  }
}

type Sessions = readonly [Session, ...Session[]];

interface FoundSessions {
  readonly sessions: Sessions;
  readonly intraOpThreads: number;
}

type WarmOptions = OpenLanesOptions & { readonly makeRow: () => Tensors };

interface WarmSessions {
  readonly sessions: Sessions;
  readonly wide?: Session;
  readonly measured: OpenedLanes["measured"];
}

/** Runs every batch size on every lane that is new, so that no caller pays for first runs. */
async function warmNew(options: WarmOptions, found: FoundSessions): Promise<WarmSessions> {
  const { first, plan, batching, makeRow, measured } = options;
  const { sessions } = found;
  if (!sessions.includes(first)) return warmReplacing(options, found);
  const { maxBatchSize } = measured;
  const others = sessions.filter((session) => session !== first);
  const { allowedBatchSizes } = plan.settings;
  const warm = (session: Session) => warmUp({ session, batching, makeRow, maxBatchSize, allowedBatchSizes });
  await Promise.all(others.map(warm));
  if (!hasRunLarger(first, measured)) return { sessions, measured };
  const renewed = await renew(first, onCpu(plan, 0), { ...options, largest: maxBatchSize });
  return { sessions: [renewed, ...others], measured };
}

/** Lanes in the first session's place are timed anew, with its sizes. It stays for a row that is alone. */
async function warmReplacing(
  options: WarmOptions,
  { sessions, intraOpThreads }: FoundSessions,
): Promise<WarmSessions> {
  const { first, plan, batching, makeRow } = options;
  const { maxBatchSize: tried } = options.measured;
  const { maxBatchSize: asSet, allowedBatchSizes } = plan.settings;
  const [lead, ...others] = sessions;
  const sizes = { batching, makeRow, maxBatchSize: tried, allowedBatchSizes };
  const measured = retimed(await warmUp({ session: lead, ...sizes }), asSet);
  const { maxBatchSize: largest } = measured;
  const renewLane = (session: Session, lane: number) =>
    renew(session, { ...onCpu(plan, lane), intraOpThreads }, { ...options, measured, largest });
  const warm = async (session: Session) => {
    await runEachSize({ session, makeRow }, measured.batchTimings, largest);
    return session;
  };
  // All of them ran the size that was tried when they were compared with the first.
  const isKept = tried <= largest && !hasRunLarger(lead, measured);
  const lanes = isKept
    ? ([lead, ...(await Promise.all(others.map(warm)))] as const)
    : ((await Promise.all(sessions.map(renewLane))) as [Session, ...Session[]]);
  // One row at a time is all that it will run.
  const wide = await renew(first, onCpu(plan, lanes.length), { ...options, measured, largest: 1 });
  return { sessions: lanes, wide, measured };
}

/** What served on the CPU goes on there: to look for a GPU again would cost the time of a start. */
function onCpu(plan: OpenLanesOptions["plan"], lane: number): SessionPlace {
  return { ...firstPlace(plan), device: "cpu", lane };
}

/** Runs side by side share the CPU's caches: of the sizes up to the first session's, lanes may be better with a smaller one. */
function retimed(measured: OpenedLanes["measured"], asSet: number | undefined): OpenedLanes["measured"] {
  if (asSet !== undefined || measured.allowedBatchSizes !== undefined) return measured;
  const { batchSize, reason } = bestBatchSize(measured.batchTimings);
  return { ...measured, maxBatchSize: batchSize, maxBatchSizeReason: reason };
}

/** On a GPU the memory is the device's, and a start takes seconds. */
function hasRunLarger({ info }: Session, { batchTimings, maxBatchSize }: OpenedLanes["measured"]): boolean {
  return info.provider === "cpu" && batchTimings.some(({ batchSize }) => batchSize > maxBatchSize);
}

/**
 * Opens a session anew: ONNX Runtime keeps the memory of the largest batch that it ever ran. MobileNetV2, which is best
 * with 4 rows, held 381 MiB for the 32 that were tried.
 */
async function renew(
  session: Session,
  place: SessionPlace,
  { start, prove, makeRow, measured, largest }: WarmOptions & { readonly largest: number },
): Promise<Session> {
  await session.close();
  const renewed = await start(place);
  await prove(renewed);
  await runEachSize({ session: renewed, makeRow }, measured.batchTimings, largest);
  return renewed;
}
