import type { Feed, Session } from "./session.ts";

export interface PaceOptions {
  /** Each group's sessions run side by side; the groups take turns, so that a busy machine is unfair to none. */
  readonly groups: readonly (readonly Session[])[];
  /** Makes a feed, anew for each run, which takes its memory over. */
  readonly makeFeed: () => Feed;
  /** The work that comes with each run when it serves, on other threads: runs share the CPUs with it. @default none */
  readonly beside?: (() => Promise<unknown>) | undefined;
}

/** The best of so many rounds: what else runs on the machine makes a round worse, never better. */
const ROUNDS = 5;
const ROUND_MS = 40;

/** Returns how many runs a second each group ends, by the best of five rounds of 40 ms, or of one run if that is longer. */
export async function measurePaces({ groups, makeFeed, beside }: PaceOptions): Promise<number[]> {
  // The first run of a shape allocates; it is not counted.
  for (const sessions of groups) await Promise.all(sessions.map((session) => session.run(makeFeed())));
  const paces = groups.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, sessions] of groups.entries()) {
      paces[i] = Math.max(paces[i] ?? 0, await runRound(sessions, makeFeed, beside));
    }
  }
  return paces;
}

/** Runs each session again and again until the round is over. */
async function runRound(
  sessions: readonly Session[],
  makeFeed: () => Feed,
  beside: PaceOptions["beside"],
): Promise<number> {
  const startMs = performance.now();
  let runs = 0;
  await Promise.all(
    sessions.map(async (session) => {
      do {
        await Promise.all([session.run(makeFeed()), beside?.()]);
        runs += 1;
      } while (performance.now() - startMs < ROUND_MS);
    }),
  );
  return (1000 * runs) / (performance.now() - startMs);
}
