import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Telemetry } from "../../../src/observability/telemetry.ts";
import { Collector } from "../../support/otlp/collector.ts";

const HOUR_MS = 3_600_000;

describe("Telemetry", () => {
  test("loses the spans past its queue, and tells how many", async () => {
    const collector = await Collector.start();
    onTestFinished(() => collector.close());
    const logger = { warn: vi.fn(), info: vi.fn() };
    const telemetry = new Telemetry({
      plan: {
        traces: {
          url: `${collector.url}/v1/traces`,
          sampler: "always_on",
          ratio: 1,
          maxQueuedSpans: 2,
          delayMs: HOUR_MS,
        },
        headers: {},
        timeoutMs: 10_000,
        resource: {},
      },
      version: "0",
      logger: logger as never,
      metrics: { registered: async () => [] },
    });
    onTestFinished(() => telemetry.close());
    const endOne = () =>
      telemetry
        .openTrace(() => undefined)
        ?.end({
          protocol: "http",
          method: "GET",
          route: "/",
          status: 200,
          fields: {},
          isProbe: false,
        });
    // Two are sent at once, two wait meanwhile, and one finds no place.
    for (let i = 0; i < 5; i++) endOne();
    await vi.waitUntil(() => collector.spans.length === 4);
    expect(logger.warn).not.toHaveBeenCalled();
    endOne();
    expect(logger.warn.mock.calls).toEqual([
      [{ reason: expect.stringContaining("Dropped 1 ") }, "telemetry"],
    ]);
  });
});
