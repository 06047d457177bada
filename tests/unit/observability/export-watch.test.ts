import { ExportResultCode } from "@opentelemetry/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ExportWatch } from "../../../src/observability/export-watch.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE_MS = 60_000;
const OK = { code: ExportResultCode.SUCCESS };
const failure = (error: Error) => ({ code: ExportResultCode.FAILED, error });
const DOWN = failure(
  Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1\nmore"), { code: "ECONNREFUSED" }),
);

function setUp(signal: "traces" | "metrics" = "traces") {
  const logger = { warn: vi.fn(), info: vi.fn() };
  return { logger, watch: new ExportWatch(signal, logger as never) };
}

describe("ExportWatch", () => {
  test("says nothing while all goes well", () => {
    const { logger, watch } = setUp();
    watch.exportEnded(OK, 10);
    expect(logger.warn).not.toHaveBeenCalled();
    expect(logger.info).not.toHaveBeenCalled();
  });

  test("warns at the first failure, then after a minute, two, four ... with what was lost in all", () => {
    const { logger, watch } = setUp();
    const lost: number[] = [];
    logger.warn.mockImplementation(({ lostSpans }) => lost.push(lostSpans));
    // One failure a minute, from minute 0 on.
    for (let minute = 0; minute < 16; minute++) {
      watch.exportEnded(DOWN, 1);
      vi.advanceTimersByTime(MINUTE_MS);
    }
    expect(lost).toEqual([1, 2, 4, 8, 16]);
    expect(logger.warn.mock.calls[0]).toEqual([
      {
        signal: "traces",
        lostSpans: 1,
        reason: "ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1",
      },
      "telemetry can't be sent",
    ]);
  });

  test("warns no more seldom than once an hour", () => {
    const { logger, watch } = setUp();
    for (let minute = 0; minute < 24 * 60; minute++) {
      watch.exportEnded(DOWN, 1);
      vi.advanceTimersByTime(MINUTE_MS);
    }
    const [inTheFirstHour, later] = [7, 22];
    expect(logger.warn).toHaveBeenCalledTimes(inTheFirstHour + later);
  });

  test("says once that it works again, and warns anew at once when that ends", () => {
    const { logger, watch } = setUp();
    watch.exportEnded(DOWN, 3);
    watch.exportEnded(OK, 1);
    watch.exportEnded(OK, 1);
    expect(logger.info.mock.calls).toEqual([[{ signal: "traces", lostSpans: 3 }, "telemetry is sent again"]]);
    watch.exportEnded(DOWN, 2);
    expect(logger.warn).toHaveBeenCalledTimes(2);
    expect(logger.warn.mock.calls[1]?.[0]).toMatchObject({ lostSpans: 2 });
  });

  test("has the code alone of an error without a message, and counts no spans of metrics", () => {
    const { logger, watch } = setUp("metrics");
    watch.exportEnded(failure(Object.assign(new AggregateError([]), { code: "ECONNREFUSED" })));
    expect(logger.warn.mock.calls[0]?.[0]).toEqual({ signal: "metrics", reason: "ECONNREFUSED" });
  });
});
