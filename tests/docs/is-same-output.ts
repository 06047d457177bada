import type { Answer } from "./read-page.ts";

/**
 * Whether a command printed what its page says: the same but for white space, for fractions that differ by no more than
 * another processor may make of them, and for what the page leaves out with `...`: lines, or the end of one.
 */
export function isSameOutput(printed: string, { language, text }: Answer): boolean {
  if (language === "text" && text.includes("...")) return areLines(linesOf(printed), linesOf(text));
  if (language !== "jsonl") return isSame(printed, text);
  const [got, expected] = [linesOf(printed).sort(), linesOf(text).sort()];
  return got.length === expected.length && got.every((line, i) => isSame(line, expected[i] ?? ""));
}

const linesOf = (text: string) => text.trim().split("\n");

/** Whether the lines are those wanted, of which `...` is any number, and one that ends so any that begins as it does. */
function areLines(got: readonly string[], wanted: readonly string[]): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return got.length === 0;
  if (first === "...") return [...got, ""].some((_, from) => areLines(got.slice(from), rest));
  return got[0] !== undefined && isLine(got[0], first) && areLines(got.slice(1), rest);
}

function isLine(got: string, wanted: string): boolean {
  if (!wanted.endsWith("...")) return isSame(got, wanted);
  const [whole, beginning] = [got, wanted.slice(0, -3)].map((line) => line.replaceAll(/\s+/g, ""));
  return whole?.startsWith(beginning ?? "") ?? false;
}

const TOLERANCE = 1e-3;

function isSame(printed: string, expected: string): boolean {
  const [got, wanted] = [parts(printed), parts(expected)];
  return got.length === wanted.length && got.every((part, i) => isSamePart(part, wanted[i] ?? ""));
}

/** Fractions, and the texts between them. */
function parts(text: string): string[] {
  return text.replaceAll(/\s+/g, "").split(/(-?\d+\.\d+(?:e[+-]?\d+)?)/);
}

function isSamePart(got: string, wanted: string): boolean {
  return (
    got === wanted ||
    Math.abs(Number(got) - Number(wanted)) <= TOLERANCE * Math.max(1, Math.abs(Number(wanted)))
  );
}
