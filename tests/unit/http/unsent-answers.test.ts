import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { UnsentAnswers } from "../../../src/http/unsent-answers.ts";

function setUp() {
  const refusals: string[] = [];
  const answers = new UnsentAnswers({
    maxUnsentBytes: 100,
    sendTimeoutMs: 2500,
    onRefused: (reason) => refusals.push(reason),
  });
  return { answers, refusals };
}

function response({ closed = false, destroyed = false } = {}): ServerResponse {
  return Object.assign(new EventEmitter(), {
    closed,
    req: { socket: { destroyed } },
  }) as unknown as ServerResponse;
}

/** Returns what a call threw. */
function refusal(call: () => void): ServingError {
  try {
    call();
  } catch (error) {
    if (error instanceof ServingError) return error;
  }
  throw new Error("nothing was refused");
}

describe("UnsentAnswers", () => {
  test("counts an answer until it is taken", () => {
    const { answers } = setUp();
    const taken = response();
    answers.hold(taken, 60);
    answers.watch(taken);
    answers.hold(response(), 40);
    expect(answers.bytes).toBe(100);
    taken.emit("close");
    expect(answers.bytes).toBe(40);
  });

  test("refuses an answer that does not fit, and newcomers when there is no room at all", () => {
    const { answers, refusals } = setUp();
    answers.hold(response(), 60);
    answers.requireRoom();
    const { code, retryAfterSeconds } = refusal(() => answers.hold(response(), 41));
    expect({ code, retryAfterSeconds }).toEqual({ code: "QUEUE_FULL", retryAfterSeconds: 3 });
    expect(answers.bytes).toBe(60);
    answers.hold(response(), 40);
    expect(refusal(() => answers.requireRoom()).code).toBe("QUEUE_FULL");
    expect(refusals).toEqual(["unsent", "unsent"]);
  });

  test("lets one answer through that is larger than all room", () => {
    const { answers } = setUp();
    answers.hold(response(), 1000);
    expect(answers.bytes).toBe(1000);
  });

  test.each([{ closed: true }, { destroyed: true }])(
    "does not count an answer whose client is gone already: %o",
    (state) => {
      const { answers } = setUp();
      const gone = response(state);
      answers.hold(gone, 60);
      answers.watch(gone);
      expect(answers.bytes).toBe(0);
    },
  );
});
