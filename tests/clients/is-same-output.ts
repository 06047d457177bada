import type { Answer } from "./read-page.ts";

/**
 * Whether a snippet printed what its page says: the same but for white space, and for fractions that differ by no more than
 * another processor may make of them.
 */
export function isSameOutput(printed: string, { language, text }: Answer): boolean {
  if (language !== "jsonl") return isSame(printed, text);
  const [got, expected] = [printed, text].map((lines) => lines.trim().split("\n").sort()) as [
    string[],
    string[],
  ];
  return got.length === expected.length && got.every((line, i) => isSame(line, expected[i] ?? ""));
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
