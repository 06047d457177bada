import { chartPath, roundMaximum } from "./chart-path.ts";
import { drawing, element } from "./element.ts";

export interface LineChartOptions {
  readonly title: string;
  readonly unit: string;
  /** Decimals of the figures. */
  readonly decimals: number;
  /** Values that are kept and drawn. */
  readonly places: number;
  /** Names of the lines; the first has its figure beside the title. */
  readonly lines: readonly [string, ...string[]];
}

const WIDTH = 240;
const HEIGHT = 56;

/** A chart of the latest values, which move to the left. */
export class LineChart {
  readonly element: HTMLElement;
  readonly #options: LineChartOptions;
  readonly #values: (readonly (number | undefined)[])[] = [];
  readonly #paths: readonly SVGPathElement[];
  readonly #svg: SVGSVGElement;
  readonly #figure: HTMLElement = element("span", { class: "figure" });
  readonly #maximum: HTMLElement = element("span", { class: "maximum", "aria-hidden": "true" });

  constructor(options: LineChartOptions) {
    this.#options = options;
    this.#paths = options.lines.map((_, line) => drawing("path", { class: `line line-${line}` }));
    this.#svg = drawing(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
      drawing("path", { class: "ground", d: `M0 ${HEIGHT}H${WIDTH}` }),
      ...this.#paths,
    );
    const heading = element("h3", {}, options.title);
    const plot = element("div", { class: "plot" }, this.#svg, this.#maximum);
    this.element = element(
      "div",
      { class: "chart" },
      element("div", { class: "bar" }, heading, this.#figure),
      plot,
    );
    this.#draw();
  }

  /** @param values one for each line; undefined leaves a gap */
  add(values: readonly (number | undefined)[]): void {
    this.#values.push(values);
    if (this.#values.length > this.#options.places) this.#values.shift();
    this.#draw();
  }

  #draw(): void {
    const { title, unit, lines, places } = this.#options;
    const series = lines.map((_, line) => this.#values.map((values) => values[line]));
    const maximum = roundMaximum(series.flat());
    const area = { width: WIDTH, height: HEIGHT, maximum, places };
    for (const [line, path] of this.#paths.entries())
      path.setAttribute("d", chartPath(series[line] ?? [], area));
    const latest = series.map((values) => values.at(-1));
    const figures = latest.flatMap((value, line) =>
      value === undefined ? [] : [line === 0 ? this.#write(value) : `${lines[line]} ${this.#write(value)}`],
    );
    const text = figures.length === 0 ? "nothing now" : `${figures.join(", ")} ${unit}`;
    this.#figure.textContent = text;
    this.#maximum.textContent = `${maximum}`;
    this.#svg.setAttribute("aria-label", `${title}: ${text}`);
  }

  #write(value: number): string {
    return value.toFixed(value >= 100 ? 0 : this.#options.decimals);
  }
}
