import { firstLine, HandlerError } from "../errors.ts";
import type { Handler } from "./handler.ts";

/** What a handler may export, in the order in which an image meets them. */
const HOOK_NAMES: readonly (keyof Handler)[] = ["decode", "preprocess", "postprocess"];

export type HookName = keyof Handler;

/**
 * Imports `handler.mjs` and returns the names of its hooks. Node keeps the module: importing it again costs nothing.
 *
 * @param url of the file
 * @throws {HandlerError} when it can't be imported, exports no hook, or anything that is none; what follows the file's
 * name in a sentence.
 */
export async function loadHandler(url: string): Promise<readonly HookName[]> {
  const exported = Object.entries(await importModule(url));
  for (const [name, value] of exported) {
    if (!HOOK_NAMES.some((hook) => hook === name)) {
      throw new HandlerError(
        `exports ${JSON.stringify(name)}, but the hooks are ${HOOK_NAMES.join(", ")}: rename it, or do not export it`,
      );
    }
    if (typeof value !== "function") {
      throw new HandlerError(`exports ${name} as ${typeof value}: make it a function`);
    }
  }
  const found = HOOK_NAMES.filter((hook) => exported.some(([name]) => name === hook));
  if (found.length === 0) throw new HandlerError(`exports no hook: export one of ${HOOK_NAMES.join(", ")}`);
  return found;
}

/** Returns a handler that {@link loadHandler} has accepted. */
export async function importHandler(url: string): Promise<Handler> {
  return (await import(url)) as Handler;
}

async function importModule(url: string): Promise<object> {
  try {
    return (await import(url)) as object;
  } catch (error) {
    const reason = firstLine(error instanceof Error ? error.message : String(error));
    throw new HandlerError(`can't be imported: ${reason}; node with this file shows where`, error);
  }
}
