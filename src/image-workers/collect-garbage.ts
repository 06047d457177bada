import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Gives the memory of what this thread no longer refers to back to the system. V8 counts a large image's pixels too late:
 * in a container of 512 MB the next one ended the process. Takes some milliseconds, and so is for large images alone.
 */
export async function collectGarbage(): Promise<void> {
  if (collect === undefined) {
    // Contexts that are made from now on have the function `gc`.
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  collect();
  // Node frees the memory of a native library's buffer in a later turn.
  await setImmediate();
}
