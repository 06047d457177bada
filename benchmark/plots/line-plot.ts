import { type AxisScale, axisTicks } from "./axis-ticks.ts";

export interface LinePlot {
  readonly title: string;
  /** Where the figures come from: machine, versions, date. */
  readonly caption: string;
  /** One below the other. */
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly x: Axis;
  readonly y: Axis;
  /** At most four. */
  readonly series: readonly Series[];
}

export interface Axis {
  /** With the unit. */
  readonly label: string;
  /** Linear ones start at 0. */
  readonly kind: AxisScale["kind"];
  /**
   * Where the lines of the grid stand.
   *
   * @default round numbers
   */
  readonly ticks?: readonly number[];
}

export interface Series {
  readonly name: string;
  /** x and y; a point that is not finite is left out. */
  readonly points: readonly (readonly [number, number])[];
  /** For what was not measured: a bound, a goal. */
  readonly isDashed?: boolean;
}

const WIDTH = 720;
const PANEL_HEIGHT = 280;
const PLOT = { left: 72, right: WIDTH - 20, top: 40, bottom: PANEL_HEIGHT - 52 } as const;
const HEAD_HEIGHT = 52;

/** Okabe and Ito's colours, which the colour-blind can tell apart; lighter ones on a dark page. */
const STYLE = `
  .page { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #59636e } .grid { stroke: #d1d9e0 }
  text { font: 13px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 } .small { font-size: 12px }
  .line { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 5 4 }
  .s0 { stroke: #0072b2 } .s1 { stroke: #d55e00 } .s2 { stroke: #009e73 } .s3 { stroke: #767e87 }
  circle.s0 { fill: #0072b2 } circle.s1 { fill: #d55e00 } circle.s2 { fill: #009e73 } circle.s3 { fill: #767e87 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .ink { fill: #f0f6fc } .soft { fill: #9198a1 } .grid { stroke: #3d444d }
    .s0 { stroke: #56b4e9 } .s1 { stroke: #e69f00 } .s2 { stroke: #2fd3a3 } .s3 { stroke: #9198a1 }
    circle.s0 { fill: #56b4e9 } circle.s1 { fill: #e69f00 } circle.s2 { fill: #2fd3a3 } circle.s3 { fill: #9198a1 }
  }
`;

/** Returns the plot as an SVG file: the same bytes for the same figures, readable on light and dark pages. */
export function renderLinePlot({ title, caption, panels }: LinePlot): string {
  const height = HEAD_HEIGHT + panels.length * PANEL_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    text({ x: 16, y: 26, className: "ink title" }, title),
    text({ x: 16, y: 46, className: "soft small" }, caption),
    ...panels.flatMap((panel, i) => [
      `<g transform="translate(0 ${HEAD_HEIGHT + i * PANEL_HEIGHT})">`,
      ...renderPanel(panel),
      "</g>",
    ]),
    "</svg>",
    "",
  ].join("\n");
}

function renderPanel({ x, y, series }: Panel): string[] {
  const points = series.flatMap((one) => one.points.filter(isFinitePoint));
  const toX = position(
    x,
    points.map(([value]) => value),
    PLOT.left,
    PLOT.right,
  );
  const toY = position(
    y,
    points.map(([, value]) => value),
    PLOT.bottom,
    PLOT.top,
  );
  const middle = (PLOT.top + PLOT.bottom) / 2;
  return [
    ...toX.ticks.flatMap((tick) => [
      line(toX.of(tick), PLOT.top, toX.of(tick), PLOT.bottom),
      text({ x: toX.of(tick), y: PLOT.bottom + 18, className: "soft small", anchor: "middle" }, String(tick)),
    ]),
    ...toY.ticks.flatMap((tick) => [
      line(PLOT.left, toY.of(tick), PLOT.right, toY.of(tick)),
      text({ x: PLOT.left - 8, y: toY.of(tick) + 4, className: "soft small", anchor: "end" }, String(tick)),
    ]),
    text(
      { x: (PLOT.left + PLOT.right) / 2, y: PLOT.bottom + 40, className: "ink", anchor: "middle" },
      x.label,
    ),
    `<g transform="rotate(-90 20 ${middle})">${text({ x: 20, y: middle, className: "ink", anchor: "middle" }, y.label)}</g>`,
    ...series.flatMap((one, i) => renderSeries(one, i, toX.of, toY.of)),
    ...renderLegend(series),
  ];
}

function renderSeries(
  { points, isDashed }: Series,
  index: number,
  toX: (value: number) => number,
  toY: (value: number) => number,
): string[] {
  const places = points.filter(isFinitePoint).map(([x, y]) => [shorter(toX(x)), shorter(toY(y))] as const);
  const path = places.map(([x, y]) => `${x},${y}`).join(" ");
  const polyline = `<polyline class="line s${index}${isDashed ? " dashed" : ""}" points="${path}"/>`;
  if (isDashed) return [polyline];
  return [polyline, ...places.map(([x, y]) => `<circle class="s${index}" cx="${x}" cy="${y}" r="3"/>`)];
}

/** In one line above the panel; a letter is taken to be 7 pixels wide. */
function renderLegend(series: readonly Series[]): string[] {
  let x: number = PLOT.left;
  return series.flatMap(({ name, isDashed }, i) => {
    const start = x;
    x += 52 + 7 * name.length;
    return [
      `<line class="line s${i}${isDashed ? " dashed" : ""}" x1="${start}" y1="24" x2="${start + 24}" y2="24"/>`,
      text({ x: start + 30, y: 28, className: "ink small" }, name),
    ];
  });
}

interface Position {
  readonly ticks: readonly number[];
  /** Pixels of a value. */
  readonly of: (value: number) => number;
}

function position(axis: Axis, values: readonly number[], from: number, to: number): Position {
  const isLog = axis.kind === "log";
  const all = [...values, ...(axis.ticks ?? [])].filter((value) => !isLog || value > 0);
  const max = Math.max(...(all.length > 0 ? all : [1]));
  const min = isLog ? Math.min(...(all.length > 0 ? all : [1])) : 0;
  const scale = isLog ? Math.log : (value: number) => value;
  // Some room beyond the last point, and none of it empty where all points are equal.
  const end = isLog ? max * 1.15 : max * 1.05 || 1;
  const start = isLog ? min / 1.15 : 0;
  const [low, high] = [scale(start), scale(end)];
  return {
    ticks: axis.ticks ?? axisTicks({ kind: axis.kind, min: start, max: end }),
    of: (value) => from + ((scale(value) - low) / (high - low)) * (to - from),
  };
}

function isFinitePoint([x, y]: readonly [number, number]): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

interface TextPlace {
  readonly x: number;
  readonly y: number;
  readonly className: string;
  readonly anchor?: "middle" | "end";
}

function text({ x, y, className, anchor }: TextPlace, content: string): string {
  const attributes = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `<text class="${className}" x="${shorter(x)}" y="${shorter(y)}"${attributes}>${escaped(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="grid" x1="${shorter(x1)}" y1="${shorter(y1)}" x2="${shorter(x2)}" y2="${shorter(y2)}"/>`;
}

/** A tenth of a pixel is finer than anyone sees. */
function shorter(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escaped(content: string): string {
  return content
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
