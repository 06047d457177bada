import type { Head } from "../signature/head.ts";

/** How the outputs are read, where that was learnt, and what to warn of. */
export interface ChosenHead {
  readonly head: Head;
  readonly origins: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}
