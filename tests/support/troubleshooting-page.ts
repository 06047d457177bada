import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DIGITS_DIR } from "./start-server.ts";

export const ROOT: string = join(DIGITS_DIR, "..");

const ROWS = readFileSync(join(ROOT, "docs/troubleshooting.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) => line.split("|").map((cell) => /^`([^`]+)`$/.exec(cell.trim())?.[1]));

/** What docs/troubleshooting.md quotes of starts, of the log and of health routes. */
export const QUOTED_MESSAGES: readonly string[] = ROWS.flatMap(([, first, second]) =>
  first !== undefined && second === undefined ? [first] : [],
);

/** What it quotes of the answers to requests: a code and a message. */
export const QUOTED_ERRORS: readonly (readonly [code: string, message: string])[] = ROWS.flatMap(
  ([, code, message]) => (code !== undefined && message !== undefined ? [[code, message] as const] : []),
);

/** Whether a message is what the page says, where three dots are anything. */
export function isAsWritten(message: string, asWritten: string): boolean {
  const pieces = asWritten.split("...").map((piece) => piece.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pieces.join(".+")}$`).test(message);
}

/** Returns what `act` throws. */
export async function thrownBy(act: () => unknown): Promise<Error> {
  try {
    await act();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
