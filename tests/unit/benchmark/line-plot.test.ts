import { describe, expect, test } from "vitest";
import { type LinePlot, renderLinePlot } from "../../../benchmark/plots/line-plot.ts";

const PLOT: LinePlot = {
  title: "a < b & c",
  caption: "a machine",
  panels: [
    {
      x: { label: "load, images/s", kind: "linear" },
      y: { label: "latency, ms", kind: "log" },
      series: [
        {
          name: "p99",
          points: [
            [0, 10],
            [5, Number.NaN],
            [10, 1000],
          ],
        },
        {
          name: "goal",
          points: [
            [0, 100],
            [10, 100],
          ],
          isDashed: true,
        },
      ],
    },
  ],
};

/** x and y of the points of each line. */
function lines(svg: string): number[][][] {
  return [...svg.matchAll(/<polyline [^>]*points="([^"]*)"/g)].map(([, points = ""]) =>
    points.split(" ").map((point) => point.split(",").map(Number)),
  );
}

describe("renderLinePlot", () => {
  const svg = renderLinePlot(PLOT);

  test("gives the same bytes for the same figures", () => {
    expect(renderLinePlot(structuredClone(PLOT))).toBe(svg);
  });

  test("places points by their axes: larger values to the right and higher, a log scale by factors", () => {
    const [p99 = [], goal = []] = lines(svg);
    expect(p99).toHaveLength(2);
    const [[left = 0, bottom = 0] = [], [right = 0, top = 0] = []] = p99;
    expect(left).toBe(72);
    expect(right).toBeGreaterThan(left);
    expect(top).toBeLessThan(bottom);
    // 100 is half-way between 10 and 1000.
    expect(goal[0]?.[1]).toBeCloseTo((top + bottom) / 2, 0);
  });

  test("draws every point inside the page", () => {
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    for (const [x = -1, y = -1] of lines(svg).flat()) {
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(Number(width));
      expect(y).toBeGreaterThan(0);
      expect(y).toBeLessThan(Number(height));
    }
  });

  test("marks what was measured with dots, and what was not with dashes", () => {
    expect(svg.match(/<circle /g)).toHaveLength(2);
    expect(svg).toMatch(/<polyline class="line s1 dashed"/);
  });

  test("names axes and lines, and has colours for light and dark pages", () => {
    for (const name of ["load, images/s", "latency, ms", "p99", "goal", "a machine"]) {
      expect(svg).toContain(`>${name}</text>`);
    }
    expect(svg).toContain("prefers-color-scheme: dark");
  });

  test("escapes what XML would read as markup", () => {
    expect(svg).toContain("<title>a &lt; b &amp; c</title>");
    expect(svg).not.toContain("a < b");
  });

  test("draws a panel without points", () => {
    const empty = { ...PLOT.panels[0], series: [{ name: "none", points: [] }] } as LinePlot["panels"][number];
    expect(renderLinePlot({ ...PLOT, panels: [empty] })).not.toMatch(/NaN|Infinity/);
  });

  test("leaves out points that are not finite, on a linear axis too", () => {
    const axis = { label: "ms", kind: "linear" } as const;
    const points = [
      [0, 0],
      [Number.NaN, 1],
      [1, Number.POSITIVE_INFINITY],
      [2, 2],
    ] as const;
    const holed = renderLinePlot({
      ...PLOT,
      panels: [{ x: axis, y: axis, series: [{ name: "a", points }] }],
    });
    const whole = renderLinePlot({
      ...PLOT,
      panels: [{ x: axis, y: axis, series: [{ name: "a", points: points.filter((_, i) => i % 3 === 0) }] }],
    });
    expect(lines(whole)[0]).toHaveLength(2);
    expect(holed).toBe(whole);
    expect(holed).not.toMatch(/NaN|Infinity/);
  });

  test("draws points that are all zero", () => {
    const y = { label: "ms", kind: "linear" } as const;
    const flat = { x: y, y, series: [{ name: "zero", points: [[0, 0]] }] } as LinePlot["panels"][number];
    expect(renderLinePlot({ ...PLOT, panels: [flat] })).not.toMatch(/NaN|Infinity/);
  });
});
