import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { doublingSession } from "../support/fake-session.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { predict } from "../support/predict.ts";
import { startServer } from "../support/start-server.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Serves a model whose run is held; `sent` resolves with the answer to a request that it has begun. */
async function hold(...flags: readonly string[]) {
  const session = doublingSession();
  const { url, close } = await startServer({
    files: { "model.onnx": halfPlusTwo() },
    flags,
    startSession: async () => session,
  });
  onTestFinished(() => {
    session.release();
    return close();
  });
  session.hold();
  const runs = session.runs.length;
  const sentMs = performance.now();
  const sent = predict(url, [1]);
  await vi.waitUntil(() => session.runs.length > runs);
  return { session, sent, sentMs };
}

describe("Server, when the system's clock jumps by an hour", () => {
  test("forwards, does not let a deadline pass", async () => {
    const { session, sent } = await hold();
    vi.setSystemTime(Date.now() + HOUR_MS);
    session.release();
    expect((await sent).json).toEqual({ predictions: [2] });
  });

  test("backwards, lets a deadline pass when its time is over", async () => {
    const { sent, sentMs } = await hold("--request-timeout-ms=400");
    vi.setSystemTime(Date.now() - HOUR_MS);
    expect((await sent).status).toBe(504);
    expect(performance.now() - sentMs).toBeGreaterThanOrEqual(399);
  });
});
