import { globSync } from "tinyglobby";
import { ROOT } from "./make-checkout.ts";

/** Returns every page of the repository, by its path there, in the order of the alphabet. */
export function pages(): string[] {
  const ignore = ["**/node_modules/**", "dist/**", "coverage/**", "tests/**/fixtures/**"];
  return globSync("**/*.md", { cwd: ROOT, ignore, followSymbolicLinks: false }).sort();
}
