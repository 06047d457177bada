/** One line of a metrics page. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\\\": "\\", '\\"': '"', "\\n": "\n" };

/**
 * Returns the samples of a page whose metric is asked for; the others are not looked at.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseMetrics(page: string, isWanted: (name: string) => boolean): readonly MetricSample[] {
  return page.split("\n").flatMap((line) => {
    const [, name, labels = "", value = ""] = LINE.exec(line) ?? [];
    return name !== undefined && isWanted(name)
      ? [{ name, labels: readLabels(labels), value: readNumber(value) }]
      : [];
  });
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const labels = [...text.matchAll(LABEL)].map(([, name = "", value = ""]) => {
    return [name, value.replace(/\\[\\"n]/g, (escaped) => ESCAPES[escaped] ?? escaped)];
  });
  return Object.fromEntries(labels);
}

function readNumber(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
