import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { Admission, type Demand, type Forecast } from "../../../src/http/admission.ts";

/** A forecast that says what it is told to. */
class ScriptedForecast implements Forecast {
  wait = 0;
  finish = 0;
  readonly asked: Demand[] = [];
  readonly askedRows: number[] = [];
  readonly events: string[] = [];

  waitMs(demand: Demand): number {
    this.asked.push(demand);
    return this.wait;
  }

  finishMs(rows: number): number {
    this.askedRows.push(rows);
    return this.finish;
  }

  enter({ rows }: Demand) {
    this.events.push(`enter ${rows}`);
    return { rowEnded: () => this.events.push("row ended"), leave: () => this.events.push("leave") };
  }
}

function setUp() {
  const forecast = new ScriptedForecast();
  const refusals: string[] = [];
  const admission = new Admission({
    maxEnqueuedInstances: 10,
    maxEnqueuedBytes: 1000,
    requestTimeoutMs: 500,
    forecast: () => forecast,
    onRefused: (reason) => refusals.push(reason),
  });
  return { admission, forecast, refusals };
}

const LATER = { rows: 3, deadlineMs: 123 };

/** Returns what a call threw. */
function refusal(call: () => unknown): ServingError {
  try {
    call();
  } catch (error) {
    if (error instanceof ServingError) return error;
  }
  throw new Error("nothing was refused");
}

describe("Admission", () => {
  test("asks the forecast for one row before there is a body, and for all rows before they are held", () => {
    const { admission, forecast } = setUp();
    const ticket = admission.enter();
    expect(forecast.asked).toEqual([{ rows: 1, deadlineMs: expect.any(Number) }]);
    ticket.holdInstances(3, LATER);
    expect(forecast.asked[1]).toEqual(LATER);
    ticket.rowEnded();
    ticket.release();
    ticket.release();
    expect(forecast.events).toEqual(["enter 3", "row ended", "leave"]);
    expect([admission.inflightRequests, admission.inflightInstances]).toEqual([0, 0]);
  });

  test.each([
    [1, 1],
    [1000, 1],
    [1001, 2],
    [7300, 8],
  ])("refuses what would be late by a wait of %i ms with Retry-After %i", (wait, seconds) => {
    const { admission, forecast, refusals } = setUp();
    const ticket = admission.enter();
    forecast.wait = wait;
    const error = refusal(() => ticket.holdInstances(3, LATER));
    expect(error).toMatchObject({ code: "QUEUE_FULL", retryAfterSeconds: seconds });
    expect(error.message).toContain("REQUEST_TIMEOUT_MS is 500");
    expect(refusal(() => admission.enter()).retryAfterSeconds).toBe(seconds);
    expect(refusals).toEqual(["deadline", "deadline"]);
    expect(admission.inflightInstances).toBe(0);
    expect(forecast.events).toEqual([]);
  });

  test("tells when so many instances will be answered as do not fit", () => {
    const { admission, forecast, refusals } = setUp();
    admission.enter().holdInstances(8, LATER);
    forecast.finish = 2500;
    const error = refusal(() => admission.enter().holdInstances(5, LATER));
    expect(error).toMatchObject({ code: "QUEUE_FULL", retryAfterSeconds: 3 });
    expect(error.message).toContain("MAX_ENQUEUED_INSTANCES is 10");
    expect(forecast.askedRows).toEqual([3]);
    expect(refusals).toEqual(["instances"]);
  });

  test("lets nobody in where not one more instance fits", () => {
    const { admission, forecast } = setUp();
    admission.enter().holdInstances(10, LATER);
    expect(refusal(() => admission.enter()).code).toBe("QUEUE_FULL");
    expect(forecast.askedRows).toEqual([1]);
  });

  test("tells when so many bytes will be answered as do not fit, in the instances that they are", () => {
    const { admission, forecast, refusals } = setUp();
    const first = admission.enter();
    first.holdBytes(800);
    first.holdInstances(8, LATER);
    forecast.finish = 1200;
    const error = refusal(() => admission.enter().holdBytes(500));
    expect(error).toMatchObject({ code: "QUEUE_FULL", retryAfterSeconds: 2 });
    expect(error.message).toContain("MAX_ENQUEUED_BYTES is 1000");
    expect(forecast.askedRows).toEqual([3]);
    expect(refusals).toEqual(["bytes"]);
  });

  test("says a second where nothing is in work or no model is loaded", () => {
    const { admission } = setUp();
    expect(refusal(() => admission.enter().holdBytes(1001)).retryAfterSeconds).toBe(1);
    const unloaded = new Admission({
      maxEnqueuedInstances: 1,
      maxEnqueuedBytes: 1,
      requestTimeoutMs: 1,
      forecast: () => undefined,
      onRefused: () => {},
    });
    const ticket = unloaded.enter();
    ticket.holdInstances(1, LATER);
    expect(refusal(() => unloaded.enter()).retryAfterSeconds).toBe(1);
    ticket.release();
    expect(() => unloaded.enter()).not.toThrow();
  });
});
