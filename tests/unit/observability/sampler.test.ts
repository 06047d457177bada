import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { createSampler, type SamplerName } from "../../../src/observability/sampler.ts";

const LOW = "00000000000000000000000000000001";
const HIGH = `ffffffff${"0".repeat(24)}`;

/** Tells whether a request is traced that comes with a parent of its own, or none. */
function samples(
  name: SamplerName,
  {
    ratio = 0.5,
    traceId = LOW,
    parent,
  }: { ratio?: number; traceId?: string; parent?: "traced" | "untraced" },
): boolean {
  const spanContext = { traceId, spanId: "0000000000000001", traceFlags: parent === "traced" ? 1 : 0 };
  const context =
    parent === undefined
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, isRemote: true });
  const { decision } = createSampler(name, ratio).shouldSample(
    context,
    traceId,
    "request",
    SpanKind.SERVER,
    {},
    [],
  );
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}

describe("createSampler", () => {
  test("always_on and always_off heed nobody", () => {
    expect(samples("always_on", { parent: "untraced" })).toBe(true);
    expect(samples("always_off", { parent: "traced" })).toBe(false);
  });

  test("traceidratio takes its part of the traces, whatever the caller does", () => {
    expect(samples("traceidratio", { traceId: LOW, parent: "untraced" })).toBe(true);
    expect(samples("traceidratio", { traceId: HIGH, parent: "traced" })).toBe(false);
    expect(samples("traceidratio", { traceId: LOW, ratio: 0 })).toBe(false);
    expect(samples("traceidratio", { traceId: HIGH, ratio: 1 })).toBe(true);
  });

  test.each([
    ["parentbased_always_on", true, true],
    ["parentbased_always_off", false, false],
    ["parentbased_traceidratio", true, false],
  ] as const)("%s does as the caller does, and without one as its root", (name, low, high) => {
    expect(samples(name, { parent: "traced", traceId: HIGH })).toBe(true);
    expect(samples(name, { parent: "untraced", traceId: LOW })).toBe(false);
    expect(samples(name, { traceId: LOW })).toBe(low);
    expect(samples(name, { traceId: HIGH })).toBe(high);
  });
});
