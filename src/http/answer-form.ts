import type { Context } from "koa";

/** The form that a caller wants an answer in. */
export type AnswerForm =
  | { readonly kind: "json" }
  /** A line for each prediction, as soon as it is ready. */
  | { readonly kind: "lines" }
  /** One array, of the named output where there are several. */
  | { readonly kind: "npy"; readonly output?: string }
  | { readonly kind: "png" };

const LINES = ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];
const KINDS: ReadonlyMap<string, AnswerForm["kind"]> = new Map([
  ["application/json", "json"],
  ...LINES.map((type) => [type, "lines"] as const),
  ["application/x-npy", "npy"],
  ["image/png", "png"],
]);

interface Range {
  readonly type: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Returns the form that `Accept` names with the highest quality, the first of equal ones. JSON where that is none that there
 * is: clients send all kinds of it, and a browser names `text/html` first and `image/png` behind.
 *
 * @see RFC 9110 section 12.5.1
 */
export function answerForm(ctx: Context): AnswerForm {
  let best: Range | undefined;
  let anyQuality = 0;
  for (const range of readRanges(ctx.get("Accept"))) {
    if (range.type === "*/*" || range.type === "application/*")
      anyQuality = Math.max(anyQuality, range.quality);
    else if (range.quality > (best?.quality ?? 0)) best = range;
  }
  const kind = best === undefined ? "json" : (KINDS.get(best.type) ?? "json");
  if (best === undefined || best.quality < anyQuality) return { kind: "json" };
  const output = best.parameters.get("output");
  return kind === "npy" && output !== undefined ? { kind, output } : { kind };
}

/** Tells whether a body is one JSON value a line. */
export function isLines(ctx: Context): boolean {
  const [type = ""] = ctx.get("Content-Type").split(";");
  return LINES.includes(type.trim().toLowerCase());
}

function readRanges(accept: string): Range[] {
  return split(accept, ",").map((range) => {
    const [type = "", ...given] = split(range, ";");
    const parameters = new Map(given.map(readParameter));
    const quality = Number(parameters.get("q") ?? 1);
    return { type: type.toLowerCase(), quality: Number.isNaN(quality) ? 0 : quality, parameters };
  });
}

function readParameter(text: string): [name: string, value: string] {
  const [name = "", ...rest] = text.split("=");
  const value = rest.join("=").trim();
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return [name.trim().toLowerCase(), isQuoted ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value];
}

/** Splits at a separator that stands outside of quotes. */
function split(text: string, separator: "," | ";"): string[] {
  const parts: string[] = [];
  let [start, isQuoted] = [0, false];
  for (let i = 0; i < text.length; i++) {
    if (isQuoted && text[i] === "\\") i++;
    else if (text[i] === '"') isQuoted = !isQuoted;
    else if (text[i] === separator && !isQuoted) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}
