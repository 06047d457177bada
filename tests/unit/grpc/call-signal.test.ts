import { EventEmitter } from "node:events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createCallSignal } from "../../../src/grpc/call-signal.ts";

/** A call that a test cancels. */
function fakeCall() {
  return Object.assign(new EventEmitter(), { cancelled: false });
}

function start({ callersMs = Number.POSITIVE_INFINITY, timeoutMs = 1000 } = {}) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const call = fakeCall();
  const cutOff = new AbortController();
  const limits = { cutOff: cutOff.signal, timeoutMs };
  const ending = createCallSignal(call as never, performance.now() + callersMs, limits);
  return { call, cutOff, ...ending };
}

describe("createCallSignal", () => {
  test("aborts at the server's own limit", () => {
    const { signal } = start({ timeoutMs: 50, callersMs: 100 });
    vi.advanceTimersByTime(49);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.reason).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: expect.stringContaining("REQUEST_TIMEOUT_MS"),
    });
  });

  test("aborts at the caller's deadline where that is earlier", () => {
    const { signal, deadlineMs } = start({ timeoutMs: 100, callersMs: 50 });
    expect(deadlineMs).toBe(performance.now() + 50);
    vi.advanceTimersByTime(50);
    expect(signal.reason).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: expect.stringContaining("caller"),
    });
  });

  test("tells a caller that left from one whose deadline has passed", () => {
    const left = start();
    left.call.emit("cancelled");
    expect(left.signal.reason).toMatchObject({ code: "CANCELLED" });
    const late = start({ callersMs: 0 });
    late.call.emit("cancelled");
    expect(late.signal.reason).toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  test("aborts with the reason of a cut-off", () => {
    const { signal, cutOff } = start();
    cutOff.abort("late");
    expect(signal.reason).toBe("late");
  });

  test("is of no more effect when it is stopped", () => {
    const { signal, call, cutOff, stop } = start({ timeoutMs: 50 });
    stop();
    vi.advanceTimersByTime(50);
    call.emit("cancelled");
    cutOff.abort();
    expect(signal.aborted).toBe(false);
  });
});
