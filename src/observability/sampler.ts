import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";

/** The names of OTEL_TRACES_SAMPLER. */
export type SamplerName =
  | "always_on"
  | "always_off"
  | "traceidratio"
  | "parentbased_always_on"
  | "parentbased_always_off"
  | "parentbased_traceidratio";

/** @param ratio the part of the requests that a sampler by ratio takes, 0 to 1 */
export function createSampler(name: SamplerName, ratio: number): Sampler {
  switch (name) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(ratio);
    case "parentbased_always_on":
    case "parentbased_always_off":
    case "parentbased_traceidratio": {
      const root = name.replace("parentbased_", "") as SamplerName;
      return new ParentBasedSampler({ root: createSampler(root, ratio) });
    }
  }
}
