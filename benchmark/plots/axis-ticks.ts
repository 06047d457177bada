export interface AxisScale {
  readonly kind: "linear" | "log";
  readonly min: number;
  readonly max: number;
}

const MOST_TICKS = 6;

/** Returns round numbers within the scale, ascending: 1, 2 or 5 times a power of ten, at most six of them on a linear one. */
export function axisTicks({ kind, min, max }: AxisScale): number[] {
  return kind === "linear" ? linearTicks(min, max) : logTicks(min, max);
}

function linearTicks(min: number, max: number): number[] {
  const roughStep = (max - min) / (MOST_TICKS - 1);
  const power = 10 ** Math.floor(Math.log10(roughStep));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= roughStep) ?? 10) * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(min / step); rounded(i * step) <= max; i++) ticks.push(rounded(i * step));
  return ticks;
}

function logTicks(min: number, max: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(min)); 10 ** power <= max; power++) {
    ticks.push(...[1, 2, 5].map((factor) => rounded(factor * 10 ** power)));
  }
  return ticks.filter((tick) => tick >= min && tick <= max);
}

/** Without the last bits that 0.1 can't hold. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
