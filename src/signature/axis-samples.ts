import type { Extent, RowOrigin } from "./row-origin.ts";

/** For each source pixel of an axis, two neighbours on the score map and the weight of the second. */
export interface AxisSamples {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float64Array;
  /** The pixels from `start` up to `end` are those that the model saw. */
  readonly start: number;
  readonly end: number;
}

/** Returns where the centres of the source's pixels fall on a map of the row, `map.height` x `map.width` places. */
export function sampleSource(
  map: Extent,
  { source, resized, top, left, row, seen = { ...row, top: 0, left: 0 } }: RowOrigin,
): { readonly rows: AxisSamples; readonly columns: AxisSamples } {
  return {
    rows: sampleAxis(source.height, resized.height, top, row.height, map.height, [seen.top, seen.height]),
    columns: sampleAxis(source.width, resized.width, left, row.width, map.width, [seen.left, seen.width]),
  };
}

/** Where the centre of each source pixel of an axis falls on the score map. */
function sampleAxis(
  source: number,
  resized: number,
  offset: number,
  row: number,
  scores: number,
  [first, seen]: readonly [number, number],
): AxisSamples {
  const samples = {
    low: new Int32Array(source),
    high: new Int32Array(source),
    weight: new Float64Array(source),
  };
  let start = source;
  let end = source;
  for (let i = 0; i < source; i++) {
    const onRow = ((i + 0.5) * resized) / source - offset;
    if (onRow < first) continue;
    start = Math.min(start, i);
    if (onRow > first + seen) {
      end = i;
      break;
    }
    const position = Math.max(0, (onRow * scores) / row - 0.5);
    const low = Math.min(Math.floor(position), scores - 1);
    samples.low[i] = low;
    samples.high[i] = Math.min(low + 1, scores - 1);
    samples.weight[i] = position - low;
  }
  return { ...samples, start, end };
}
