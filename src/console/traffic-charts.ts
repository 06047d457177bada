import { byId } from "./element.ts";
import { LineChart } from "./line-chart.ts";
import { WATCH_MS } from "./server-watch.ts";
import type { Traffic } from "./traffic.ts";

/** The last two minutes. */
const PLACES = 120_000 / WATCH_MS;

/** The charts of what the server does. */
export class TrafficCharts {
  readonly #throughput = new LineChart({
    title: "Throughput",
    unit: "instances/s",
    decimals: 1,
    places: PLACES,
    lines: ["now"],
  });
  readonly #latency = new LineChart({
    title: "Request time",
    unit: "ms",
    decimals: 1,
    places: PLACES,
    lines: ["mean", "p95"],
  });
  readonly #batches = new LineChart({
    title: "Batch size",
    unit: "rows",
    decimals: 1,
    places: PLACES,
    lines: ["mean"],
  });

  constructor() {
    const charts = [this.#throughput, this.#latency, this.#batches];
    byId("charts", HTMLDivElement).replaceChildren(...charts.map((chart) => chart.element));
  }

  /** @param traffic undefined leaves a gap */
  add(traffic: Traffic | undefined): void {
    this.#throughput.add([traffic?.instancesPerSecond]);
    this.#latency.add([traffic?.meanMs, traffic?.p95Ms]);
    this.#batches.add([traffic?.rowsPerBatch]);
  }
}
