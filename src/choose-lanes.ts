import { firstLine } from "./errors.ts";
import type { PaceOptions } from "./runtime/measure-paces.ts";
import type { Feed, Session } from "./runtime/session.ts";

export interface LaneChoice {
  /** The sessions to serve with; all others that were started are closed, but for the first of all. */
  readonly sessions: readonly [Session, ...Session[]];
  /** Threads of each. */
  readonly intraOpThreads: number;
  /** Why so many, in words for operators. */
  readonly reason: string;
}

export interface ChooseLanesOptions {
  /** One lane of all CPUs. Left open when more lanes are better: it is the fastest for a row that is alone. */
  readonly first: Session;
  /** CPUs to share out. Minimum: 2. */
  readonly cpus: number;
  /** Starts a session for a lane. */
  readonly start: (lane: number, intraOpThreads: number) => Promise<Session>;
  /** Makes a feed, anew for each run, which takes its memory over. */
  readonly makeFeed: () => Feed;
  /** Rows of a feed. */
  readonly rows: number;
  /** See {@link PaceOptions}. */
  readonly beside?: PaceOptions["beside"];
  /** What one session takes: the weights, and what its runs need. */
  readonly laneBytes: number;
  /** Returns what the process may still take. */
  readonly freeBytes: () => number;
  /** Returns the runs a second of each group. */
  readonly measure: (options: PaceOptions) => Promise<readonly number[]>;
}

/**
 * Two lanes are taken when they run at least so many times the rows of one: a row that is alone loses nothing, as the
 * first session stays for it. Less is not worth the memory of two sessions more.
 */
const WORTH_MEMORY = 1.05;

/**
 * Beyond two, twice the lanes are taken when they run at least so many times the rows. They have half the threads, so
 * each batch then takes up to 2 / 1.25 = 1.6 times as long.
 */
const WORTHWHILE = 1.25;

/** The part of the free memory that lanes under trial may take: the rest is for images and bodies. */
const MEMORY_SHARE = 0.5;

/**
 * Doubles the lanes, and halves the threads of each, as long as all of them together run enough more rows. Of each
 * number one lane is tried alone first: so many times what it does is the most that they could do, so where
 * threads share a run well, a single session more is loaded.
 */
export async function chooseLanes(options: ChooseLanesOptions): Promise<LaneChoice> {
  const { first, cpus, laneBytes, freeBytes } = options;
  let best: LaneChoice = { sessions: [first], intraOpThreads: cpus, reason: "" };
  for (let lanes = 2; lanes <= cpus; lanes *= 2) {
    const bytes = lanes * laneBytes;
    if (bytes > MEMORY_SHARE * freeBytes()) {
      const mebibytes = (bytes / 2 ** 20).toFixed(0);
      return { ...best, reason: `${lanes} lanes would take ${mebibytes} MiB, over half of the free memory` };
    }
    const trial = await tryLanes(options, best, lanes);
    if ("refused" in trial) return { ...best, reason: trial.refused };
    await Promise.all(best.sessions.map((session) => (session === first ? undefined : session.close())));
    best = trial;
  }
  return best;
}

/** Returns the lanes, or why they are not taken; then they are closed. */
async function tryLanes(
  { cpus, start, makeFeed, rows, beside, measure }: ChooseLanesOptions,
  best: LaneChoice,
  lanes: number,
): Promise<LaneChoice | { readonly refused: string }> {
  const intraOpThreads = Math.floor(cpus / lanes);
  const worthwhile = lanes === 2 ? WORTH_MEMORY : WORTHWHILE;
  const name = describeLanes(lanes, intraOpThreads);
  const bestName = describeLanes(best.sessions.length, best.intraOpThreads);
  const started: Session[] = [];
  const refuse = async (refused: string) => {
    await Promise.all(started.map((session) => session.close()));
    return { refused };
  };
  const compare = async () => {
    const paces = await measure({ groups: [best.sessions, started], makeFeed, beside });
    const [before = 0, now = 0] = paces.map((pace) => pace * rows);
    return { before, now };
  };
  try {
    const first = await start(0, intraOpThreads);
    started.push(first);
    const alone = await compare();
    const most = lanes * alone.now;
    if (most < worthwhile * alone.before) {
      return await refuse(
        `${name} would run at most ${most.toFixed(0)} rows/s, ${bestName} ran ${alone.before.toFixed(0)}: under ${worthwhile} times as many`,
      );
    }
    const others = Array.from({ length: lanes - 1 }, (_, i) => start(i + 1, intraOpThreads));
    // A refusal closes those that were started: all of them have to be known.
    const outcomes = await Promise.allSettled(others);
    for (const outcome of outcomes) if (outcome.status === "fulfilled") started.push(outcome.value);
    await Promise.all(others);
    const { before, now } = await compare();
    const ran = `${name} ran ${now.toFixed(0)} rows/s, ${bestName} ${before.toFixed(0)}`;
    if (now < worthwhile * before) return await refuse(`${ran}: under ${worthwhile} times as many`);
    return { sessions: [first, ...started.slice(1)], intraOpThreads, reason: ran };
  } catch (error) {
    return refuse(`${name} could not be tried: ${firstLine((error as Error).message)}`);
  }
}

/** Returns `2 lanes of 4 threads`. */
export function describeLanes(lanes: number, threads: number): string {
  return `${lanes} ${lanes === 1 ? "lane" : "lanes"} of ${threads} ${threads === 1 ? "thread" : "threads"}`;
}
