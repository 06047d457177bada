import { describe, expect, test } from "vitest";
import { readTotals, type Totals, trafficBetween } from "../../../src/console/traffic.ts";
import { Metrics } from "../../../src/observability/metrics.ts";

const LIMITS = { maxEnqueuedInstances: 1, maxEnqueuedBytes: 1, maxUnsentBytes: 1 };
const SOURCES = {
  inflightRequests: () => 0,
  inflightInstances: () => 0,
  inflightBytes: () => 0,
  unsentBytes: () => 0,
  ready: () => true,
};

/** The server's own metrics, so that another name there is noticed here. */
function serverMetrics(labelsModels = false) {
  const metrics = new Metrics(LIMITS, SOURCES, { labelsModels });
  return {
    metrics,
    totals: async (model = "model") => readTotals((await metrics.page()).text, model),
    post: (seconds: number) =>
      metrics.requestEnded({ method: "POST", route: "/analyze:predict", status: 200, seconds }),
  };
}

describe("readTotals", () => {
  test("reads what the server counts", async () => {
    const { metrics, totals, post } = serverMetrics();
    metrics.instancesEnded("ok", 3, "model");
    metrics.instancesEnded("bad_instance", 1, "model");
    metrics.ofModel("model").batchClosed(2);
    metrics.ofModel("model").batchClosed(1);
    post(0.25);
    post(0.5);
    expect(await totals()).toMatchObject({
      isReady: true,
      instances: 4,
      batches: 2,
      rows: 3,
      requests: 2,
      requestSeconds: 0.75,
    });
  });

  test("counts only the model that is looked at, where the server tells them apart", async () => {
    const { metrics, totals } = serverMetrics(true);
    metrics.instancesEnded("ok", 3, "tiles");
    metrics.instancesEnded("ok", 5, "clouds");
    metrics.ofModel("clouds").batchClosed(5);
    expect(await totals("tiles")).toMatchObject({ instances: 3, batches: 0 });
    expect(await totals("clouds")).toMatchObject({ instances: 5, batches: 1, rows: 5 });
  });

  test("leaves out the times of those who only look", async () => {
    const { metrics, totals } = serverMetrics();
    metrics.requestEnded({ method: "GET", route: "/analyze", status: 200, seconds: 9 });
    expect(await totals()).toMatchObject({ requests: 0, requestSeconds: 0, buckets: [] });
  });

  test("tells that the server is not ready", async () => {
    const metrics = new Metrics(LIMITS, { ...SOURCES, ready: () => false });
    expect(readTotals((await metrics.page()).text, "model").isReady).toBe(false);
    expect(readTotals("", "model").isReady).toBe(false);
  });
});

const NONE: Totals = {
  isReady: true,
  instances: 0,
  batches: 0,
  rows: 0,
  requests: 0,
  requestSeconds: 0,
  buckets: [],
};

describe("trafficBetween", () => {
  test("gives rates and means of what came between two readings", async () => {
    const { metrics, totals, post } = serverMetrics();
    post(10);
    metrics.instancesEnded("ok", 100, "model");
    const before = await totals();
    for (let i = 0; i < 4; i++) post(0.02);
    metrics.instancesEnded("ok", 6, "model");
    metrics.ofModel("model").batchClosed(4);
    metrics.ofModel("model").batchClosed(2);
    const traffic = trafficBetween(before, await totals(), 2000);
    expect(traffic.instancesPerSecond).toBe(3);
    expect(traffic.meanMs).toBeCloseTo(20, 6);
    expect(traffic.rowsPerBatch).toBe(3);
    // All four lie between 10 and 25 ms: 95 % of the way up that bucket.
    expect(traffic.p95Ms).toBeCloseTo(10 + 0.95 * 15, 6);
  });

  test("finds the bucket of the slowest, and the last bound for what is slower still", async () => {
    const { totals, post } = serverMetrics();
    const before = await totals();
    for (let i = 0; i < 9; i++) post(0.004);
    post(0.8);
    const slow = trafficBetween(before, await totals(), 1000);
    expect(slow.p95Ms).toBeCloseTo(750 + 0.5 * 250, 6);
    for (let i = 0; i < 90; i++) post(60);
    expect(trafficBetween(before, await totals(), 1000).p95Ms).toBe(10_000);
  });

  test("has no means where nothing came", () => {
    expect(trafficBetween(NONE, NONE, 2000)).toEqual({
      instancesPerSecond: 0,
      meanMs: undefined,
      p95Ms: undefined,
      rowsPerBatch: undefined,
    });
  });

  test("says nothing when the server has begun anew", () => {
    const before = { ...NONE, instances: 7, requests: 7, batches: 7 };
    expect(trafficBetween(before, { ...NONE, instances: 2 }, 2000).instancesPerSecond).toBeUndefined();
  });
});
