import { describe, expect, test } from "vitest";
import { parseMetrics } from "../../../src/console/parse-metrics.ts";

const all = () => true;

describe("parseMetrics", () => {
  test("reads names, labels and values, and no comments", () => {
    const page = '# HELP up Whether.\n# TYPE up gauge\nup 1\nrows{model="a",lane="0"} 2.5e3\n\n';
    expect(parseMetrics(page, all)).toEqual([
      { name: "up", labels: {}, value: 1 },
      { name: "rows", labels: { model: "a", lane: "0" }, value: 2500 },
    ]);
  });

  test("reads labels whose values have quotes, braces, commas and escapes in them", () => {
    const [sample] = parseMetrics('up{name="a\\"},b=\\\\ \\n"} 1', all);
    expect(sample?.labels).toEqual({ name: 'a"},b=\\ \n' });
  });

  test("reads what is no finite number", () => {
    const values = parseMetrics("a +Inf\nb -Inf\nc NaN\nd Nan", all).map(({ value }) => value);
    expect(values).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, Number.NaN]);
  });

  test("passes over metrics that are not asked for, and lines that are none", () => {
    const page = "a 1\nb 2\n<html>\n{} 3";
    expect(parseMetrics(page, (name) => name === "b").map(({ name }) => name)).toEqual(["b"]);
  });
});
