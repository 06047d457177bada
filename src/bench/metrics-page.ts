/** Values of a page of metrics by series: `name` or `name{label="value"}`. */
export type Series = ReadonlyMap<string, number>;

/**
 * Reads a server's metrics. Reading resets the event loop's figures: they tell of the time since the last page.
 *
 * @throws {Error} when the page is not answered.
 */
export async function readMetrics(url: string, timeoutMs = 10_000): Promise<Series> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`GET /metrics: ${response.status}`);
  const lines = (await response.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** Returns by how much a counter grew; NaN when the page has none of that name. */
export function growth(before: Series, after: Series, series: string): number {
  return (after.get(series) ?? Number.NaN) - (before.get(series) ?? 0);
}

/** Returns by how much the counters of a name grew together, whatever their labels. */
export function growthOfAll(before: Series, after: Series, name: string): number {
  const series = [...after.keys()].filter((key) => key === name || key.startsWith(`${name}{`));
  return series.reduce((sum, key) => sum + growth(before, after, key), 0);
}
