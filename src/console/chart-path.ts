/** Where a chart is drawn. Units: of the SVG's view box. */
export interface ChartArea {
  readonly width: number;
  readonly height: number;
  /** The value at the upper edge; 0 is at the lower one. */
  readonly maximum: number;
  /** Places from the left to the right edge; the newest value stands at the right one. */
  readonly places: number;
}

/** Returns an SVG path through the values, with a gap where one is undefined and a dot where one stands alone. */
export function chartPath(values: readonly (number | undefined)[], area: ChartArea): string {
  const { width, height, maximum, places } = area;
  const first = places - values.length;
  const isThere = (index: number) => values[index] !== undefined;
  return values
    .flatMap((value, index) => {
      if (value === undefined) return [];
      const x = round(((first + index) * width) / (places - 1));
      const y = round(height - (Math.min(value, maximum) * height) / maximum);
      if (isThere(index - 1)) return [`L${x} ${y}`];
      // A line of no length, which round ends make a dot.
      return isThere(index + 1) ? [`M${x} ${y}`] : [`M${x} ${y}h0`];
    })
    .join("");
}

function round(position: number): number {
  return Math.round(position * 10) / 10;
}

/** Returns the least of 1, 2, 5, 10, 20 ... that is not below any of the values. */
export function roundMaximum(values: readonly (number | undefined)[]): number {
  const largest = Math.max(1, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= largest) ?? largest;
}
