import fc from "fast-check";
import { type Failures, kindOf } from "./failures.ts";
import { judgeAnswer } from "./judge-answer.ts";
import type { WireClient } from "./wire-client.ts";
import { framedRequest, type WireRequest } from "./wire-request.ts";

/** An answer takes no longer, whatever was sent; one that does is asked for again before it counts. */
const MAX_ANSWER_MS = 5000;

/** A health answer that takes longer says that the machine is busy with something else: times mean nothing then. */
const MAX_HEALTH_MS = 250;

const HEALTH = framedRequest({
  label: "health",
  method: "GET",
  target: "/livez",
  headers: [],
  body: new Uint8Array(),
});

/** How long a request that failed is made smaller. */
const MAX_SHRINK_MS = 20_000;

export interface LaneOptions {
  readonly requests: fc.Arbitrary<WireRequest>;
  readonly count: number;
  readonly seed: number;
  readonly client: WireClient;
  readonly failures: Failures;
  /** Called before each request: resolves when there is a server. @throws {Error} when the one before has ended. */
  readonly serverThere: () => Promise<void>;
  readonly sent: () => Promise<void>;
}

/** Sends requests one after the other, and makes the first one of each kind that fails smaller. */
export async function runLane(options: LaneOptions): Promise<void> {
  const { requests, count, failures } = options;
  let done = 0;
  for (let section = 0; done < count; section++) {
    const seed = (options.seed + section * 7919) | 0;
    let found: { message: string; sinceMs: number } | undefined;
    const property = fc.asyncProperty(requests, async (request) => {
      if (found !== undefined && performance.now() - found.sinceMs > MAX_SHRINK_MS) return;
      const message = await fault(options, request);
      if (found === undefined) {
        done += 1;
        await options.sent();
        if (message === undefined) return;
        if (!failures.claim(message)) return;
        found = { message, sinceMs: performance.now() };
      }
      if (message !== undefined && kindOf(message) === kindOf(found.message)) throw new Error(message);
    });
    const result = await fc.check(property, { seed, numRuns: count - done });
    if (!result.failed || found === undefined) continue;
    const { message } = found as { message: string };
    const details = `fast-check's seed ${result.seed}, path ${result.counterexamplePath}`;
    failures.report(message, details, result.counterexample?.[0]);
  }
}

/** Returns what is wrong with the answer to a request, if anything is. */
async function fault(
  { client, serverThere }: LaneOptions,
  request: WireRequest,
): Promise<string | undefined> {
  try {
    await serverThere();
    const { answers, milliseconds } = await client.send(request);
    for (const answer of answers) judgeAnswer(answer, request.bytes, isBodyless(request, answer.body));
    if (milliseconds <= MAX_ANSWER_MS) return undefined;
    const again = await client.send(request);
    if (again.milliseconds <= MAX_ANSWER_MS || (await client.send(HEALTH)).milliseconds > MAX_HEALTH_MS)
      return undefined;
    return `answered after ${Math.round(again.milliseconds)} ms`;
  } catch (error) {
    return (error as Error).message;
  }
}

function isBodyless({ isFramed, isHead }: WireRequest, body: Buffer): boolean {
  return isFramed ? isHead : body.length === 0;
}
