import type { MetricData } from "@opentelemetry/sdk-metrics";
import { DataPointType } from "@opentelemetry/sdk-metrics";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { describe, expect, test } from "vitest";
import { RegistryProducer } from "../../../src/observability/registry-producer.ts";

async function collect(add: (registers: [Registry]) => void): Promise<MetricData[]> {
  const registry = new Registry();
  add([registry]);
  const producer = new RegistryProducer(() => registry.getMetricsAsJSON(), { name: "test" });
  const { resourceMetrics, errors } = await producer.collect();
  expect(errors).toEqual([]);
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
}

describe("RegistryProducer", () => {
  test("makes a counter a sum that only grows", async () => {
    const [metric] = await collect((registers) => {
      const counter = new Counter({ name: "tiles_total", help: "Tiles.", labelNames: ["lane"], registers });
      counter.inc({ lane: 0 }, 2);
      counter.inc({ lane: 1 }, 5);
    });
    expect(metric).toMatchObject({
      descriptor: { name: "tiles_total", description: "Tiles.", unit: "" },
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [
        { attributes: { lane: "0" }, value: 2 },
        { attributes: { lane: "1" }, value: 5 },
      ],
    });
  });

  test("reads a gauge when it is asked", async () => {
    const [metric] = await collect((registers) => {
      new Gauge({
        name: "held_bytes",
        help: "Held.",
        registers,
        collect() {
          this.set(7);
        },
      });
    });
    expect(metric).toMatchObject({
      descriptor: { unit: "By" },
      dataPointType: DataPointType.GAUGE,
      dataPoints: [{ attributes: {}, value: 7 }],
    });
  });

  test("counts a histogram's buckets each for itself, of every set of labels", async () => {
    const [metric] = await collect((registers) => {
      const options = { name: "took_seconds", help: "Took.", labelNames: ["route"], buckets: [1, 2, 4] };
      const histogram = new Histogram({ ...options, registers });
      for (const seconds of [0.5, 1, 1.5, 3, 9, 10]) histogram.observe({ route: "a" }, seconds);
      histogram.observe({ route: "b" }, 2);
    });
    expect(metric).toMatchObject({
      descriptor: { unit: "s" },
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: [
        {
          attributes: { route: "a" },
          value: { buckets: { boundaries: [1, 2, 4], counts: [2, 1, 1, 2] }, sum: 25, count: 6 },
        },
        {
          attributes: { route: "b" },
          value: { buckets: { boundaries: [1, 2, 4], counts: [0, 1, 0, 0] }, sum: 2, count: 1 },
        },
      ],
    });
  });

  test("begins at the start of the process, and ends now", async () => {
    const beforeMs = Date.now();
    const [metric] = await collect(
      (registers) => void new Gauge({ name: "one", help: "One.", registers }).set(1),
    );
    const [{ startTime, endTime } = { startTime: [0, 0], endTime: [0, 0] }] = metric?.dataPoints ?? [];
    expect(startTime[0]).toBe(Math.trunc(performance.timeOrigin / 1000));
    expect(endTime[0]).toBeGreaterThanOrEqual(Math.trunc(beforeMs / 1000) - 1);
  });

  test("leaves out what OTLP has no place for", async () => {
    const metrics = await collect((registers) => void new Summary({ name: "s", help: "S.", registers }));
    expect(metrics).toEqual([]);
  });
});
