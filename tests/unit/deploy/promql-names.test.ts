import { describe, expect, test } from "vitest";
import { promqlNames } from "../../deploy/promql-names.ts";

describe("promqlNames", () => {
  test("tells metrics from functions, operators and labels", () => {
    const names = promqlNames(
      'sum by (job, le) (rate(a_seconds_bucket{job="x", status=~"500|503"}[5m])) / on (job) b_total > 0.5 or vector(0)',
    );
    expect(names.selectors).toEqual([
      {
        metric: "a_seconds_bucket",
        matchers: [
          { label: "job", values: ["x"] },
          { label: "status", values: ["500", "503"] },
        ],
      },
      { metric: "b_total", matchers: [] },
    ]);
    expect(names.groupings).toEqual(["job", "le", "job"]);
  });
});
