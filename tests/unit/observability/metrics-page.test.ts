import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  INSTANCE_OUTCOMES,
  type MetricSources,
  Metrics,
  REFUSAL_REASONS,
  STAGES,
} from "../../../src/observability/metrics.ts";

const PAGE = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
const ROWS = PAGE.split("\n").filter((line) => /^\| `(http|rpc|onnx)_/.test(line));

const zero = () => 0;
const SOURCES: MetricSources = {
  inflightRequests: zero,
  inflightInstances: zero,
  inflightBytes: zero,
  unsentBytes: zero,
  ready: () => true,
};

/** The page of a server that has seen everything once. */
async function fullPage(): Promise<string> {
  const limits = { maxEnqueuedInstances: 1, maxEnqueuedBytes: 1, maxUnsentBytes: 1 };
  const metrics = new Metrics(limits, SOURCES, { labelsModels: true });
  metrics.requestEnded({ method: "GET", route: "/", status: 200, seconds: 1 });
  metrics.callEnded({ method: "Predict", code: "OK", seconds: 1 });
  metrics.errorAnswered("INTERNAL");
  const { stageEnded, batchClosed } = metrics.ofModel("tiles");
  stageEnded("queue", 1);
  batchClosed(1);
  metrics.modelLoaded({
    model: { name: "tiles", version: "1", sha256: "0", provider: "cpu" },
    lanes: 1,
    liveLanes: zero,
    queuedRows: zero,
    tuning: () => ({ maxBatchSize: 1, runTime: undefined, expectedMs: 0 }),
  });
  metrics.inferenceWorkerRestarted("tiles", 0);
  return (await metrics.page()).text;
}

/** The rows of the page's table that a Prometheus page gives, in its order; the libraries' own are left out. */
function rowsOf(text: string): string[] {
  const own = [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].filter(([, name = ""]) =>
    /^(http|rpc|onnx)_/.test(name),
  );
  return own.map(([, name = "", help = ""]) => {
    const [, type] = new RegExp(`^# TYPE ${name} (\\w+)$`, "m").exec(text) ?? [];
    const series = [...text.matchAll(new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, "gm"))];
    const labels = series.flatMap(([, pairs = ""]) =>
      [...pairs.matchAll(/(\w+)="/g)].map(([, label]) => label),
    );
    const names = [...new Set(labels)].map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${names === "" ? "" : `${names} `}| ${help} |`;
  });
}

describe("docs/metrics.md", () => {
  test("is the table of the metrics, row by row", async () => {
    expect(ROWS.toSorted()).toEqual(rowsOf(await fullPage()).toSorted());
  });

  test("names every value of the labels that have a closed list", () => {
    for (const value of [...INSTANCE_OUTCOMES, ...REFUSAL_REASONS]) expect(PAGE).toContain(`\`${value}\``);
    for (const stage of STAGES) expect(PAGE).toContain(stage);
  });

  test("asks for metrics that there are", async () => {
    const text = await fullPage();
    const asked = [...PAGE.matchAll(/\b(?:http|rpc|onnx|nodejs|process)_[a-z0-9_]+\b/g)].map(
      ([name]) => name,
    );
    const missing = asked.filter(
      (name) => !new RegExp(`^# TYPE ${name.replace(/_(bucket|sum|count)$/, "(?:_\\w+)?")} `, "m").test(text),
    );
    expect(asked.length).toBeGreaterThan(30);
    expect(missing).toEqual([]);
  });
});
