import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { Admission, type Demand, type Forecast } from "../../../src/serving/admission.ts";

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
    return {
      rowAdded: () => this.events.push("row added"),
      rowEnded: () => this.events.push("row ended"),
      leave: () => this.events.push("leave"),
    };
  }
}

function setUp() {
  const forecast = new ScriptedForecast();
  const refusals: string[] = [];
  const admission = new Admission({
    maxEnqueuedInstances: 10,
    maxEnqueuedBytes: 1000,
    requestTimeoutMs: 500,
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
  test("keeps the model for a request from when it is let in until it is answered, once", () => {
    const { admission, forecast } = setUp();
    const events: string[] = [];
    const hold = () => {
      events.push("hold");
      return () => events.push("let go");
    };
    const held = {
      waitMs: () => forecast.waitMs(LATER),
      finishMs: () => 0,
      enter: (demand: Demand) => forecast.enter(demand),
      hold,
    };
    forecast.wait = 1;
    refusal(() => admission.enter(held));
    expect(events).toEqual([]);
    forecast.wait = 0;
    const ticket = admission.enter(held);
    expect(events).toEqual(["hold"]);
    ticket.release();
    ticket.release();
    expect(events).toEqual(["hold", "let go"]);
  });

  test("asks the forecast for one row before there is a body, and for all rows before they are held", () => {
    const { admission, forecast } = setUp();
    const ticket = admission.enter(forecast);
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
    const ticket = admission.enter(forecast);
    forecast.wait = wait;
    const error = refusal(() => ticket.holdInstances(3, LATER));
    expect(error).toMatchObject({ code: "QUEUE_FULL", retryAfterSeconds: seconds });
    expect(error.message).toContain("REQUEST_TIMEOUT_MS is 500");
    expect(refusal(() => admission.enter(forecast)).retryAfterSeconds).toBe(seconds);
    expect(refusals).toEqual(["deadline", "deadline"]);
    expect(admission.inflightInstances).toBe(0);
    expect(forecast.events).toEqual([]);
  });

  test("tells when so many instances will be answered as do not fit", () => {
    const { admission, forecast, refusals } = setUp();
    admission.enter(forecast).holdInstances(8, LATER);
    forecast.finish = 2500;
    const error = refusal(() => admission.enter(forecast).holdInstances(5, LATER));
    expect(error).toMatchObject({ code: "QUEUE_FULL", retryAfterSeconds: 3 });
    expect(error.message).toContain("MAX_ENQUEUED_INSTANCES is 10");
    expect(forecast.askedRows).toEqual([3]);
    expect(refusals).toEqual(["instances"]);
  });

  test("lets nobody in where not one more instance fits", () => {
    const { admission, forecast } = setUp();
    admission.enter(forecast).holdInstances(10, LATER);
    expect(refusal(() => admission.enter(forecast)).code).toBe("QUEUE_FULL");
    expect(forecast.askedRows).toEqual([1]);
  });

  test("tells when so many bytes will be answered as do not fit, in the instances that they are", () => {
    const { admission, forecast, refusals } = setUp();
    const first = admission.enter(forecast);
    first.holdBytes(800);
    first.holdInstances(8, LATER);
    forecast.finish = 1200;
    const error = refusal(() => admission.enter(forecast).holdBytes(500));
    expect(error).toMatchObject({ code: "QUEUE_FULL", retryAfterSeconds: 2 });
    expect(error.message).toContain("MAX_ENQUEUED_BYTES is 1000");
    expect(forecast.askedRows).toEqual([3]);
    expect(refusals).toEqual(["bytes"]);
  });

  test("refuses a declared body that would not fit, and holds nothing for one that would", () => {
    const { admission, forecast } = setUp();
    admission.enter(forecast).holdBytes(800);
    const ticket = admission.enter(forecast);
    expect(refusal(() => ticket.requireBytes(201)).code).toBe("QUEUE_FULL");
    ticket.requireBytes(200);
    expect(admission.inflightBytes).toBe(800);
  });

  test("says a second where nothing is in work or no model is loaded", () => {
    const { admission, forecast } = setUp();
    expect(refusal(() => admission.enter(forecast).holdBytes(1001)).retryAfterSeconds).toBe(1);
    const unloaded = new Admission({
      maxEnqueuedInstances: 1,
      maxEnqueuedBytes: 1,
      requestTimeoutMs: 1,
      onRefused: () => {},
    });
    const ticket = unloaded.enter();
    ticket.holdInstances(1, LATER);
    expect(refusal(() => unloaded.enter()).retryAfterSeconds).toBe(1);
    ticket.release();
    expect(() => unloaded.enter()).not.toThrow();
  });
});

describe("Admission.enterStream", () => {
  const never = new AbortController().signal;

  test("counts instances and bytes one by one, and gives back what is left", async () => {
    const { admission, forecast } = setUp();
    const stream = admission.enterStream(forecast);
    stream.holdBytes(300);
    await stream.holdInstance(never);
    await stream.holdInstance(never);
    stream.rowEnded();
    stream.releaseInstance();
    stream.releaseBytes(100);
    expect([admission.inflightRequests, admission.inflightInstances, admission.inflightBytes]).toEqual([
      1, 1, 200,
    ]);
    stream.release();
    stream.releaseInstance();
    stream.release();
    expect([admission.inflightRequests, admission.inflightInstances, admission.inflightBytes]).toEqual([
      0, 0, 0,
    ]);
    expect(forecast.events).toEqual(["enter 0", "row added", "row added", "row ended", "leave"]);
  });

  test("waits for room, and takes it when another request gives it back", async () => {
    const { admission, forecast } = setUp();
    const other = admission.enter();
    const stream = admission.enterStream(forecast);
    other.holdInstances(10, { rows: 10, deadlineMs: 0 });
    let isHeld = false;
    const holding = stream.holdInstance(never).then(() => {
      isHeld = true;
    });
    other.rowEnded();
    await new Promise((resolve) => setImmediate(resolve));
    expect([isHeld, admission.inflightInstances]).toEqual([false, 10]);
    other.release();
    await holding;
    expect(admission.inflightInstances).toBe(1);
  });

  test("waits while an instance would be answered too late", async () => {
    const { admission, forecast } = setUp();
    const stream = admission.enterStream(forecast);
    forecast.wait = 100;
    const holding = stream.holdInstance(never);
    forecast.wait = 0;
    stream.rowEnded();
    expect(await holding).toBeGreaterThan(performance.now());
  });

  test("gives up waiting with the signal's reason", async () => {
    const { admission, forecast } = setUp();
    const stream = admission.enterStream(forecast);
    forecast.wait = 100;
    const controller = new AbortController();
    const holding = stream.holdInstance(controller.signal);
    controller.abort(new Error("gone"));
    await expect(holding).rejects.toThrow("gone");
    await expect(stream.holdInstance(controller.signal)).rejects.toThrow("gone");
    expect(admission.inflightInstances).toBe(0);
  });

  test("refuses a stream that begins when there is no room or time, and bytes that don't fit", () => {
    const { admission, forecast, refusals } = setUp();
    forecast.wait = 100;
    expect(() => admission.enterStream(forecast)).toThrow(ServingError);
    forecast.wait = 0;
    const stream = admission.enterStream(forecast);
    expect(() => stream.holdBytes(1001)).toThrow(ServingError);
    admission.enter().holdInstances(10, { rows: 10, deadlineMs: 0 });
    expect(() => admission.enterStream(forecast)).toThrow(ServingError);
    expect(refusals).toEqual(["deadline", "bytes", "instances"]);
    expect(admission.inflightBytes).toBe(0);
  });
});
