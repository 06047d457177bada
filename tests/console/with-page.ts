import assert from "node:assert/strict";
import { ConsolePage, type OpenOptions } from "./console-page.ts";
import type { TestPlace } from "./console-test.ts";

export interface PageOptions extends Omit<OpenOptions, "patience"> {
  /** @default the server of several models */
  readonly url?: string;
  /** Of the server of several models. @default the first */
  readonly model?: string;
  /** Whether the browser may complain: a server that is gone is an error to it. @default false */
  readonly mayComplain?: boolean;
}

/** Opens the console, tests it, and throws also what the browser complains of. */
export async function withPage(
  { browser, servers, patience }: TestPlace,
  { url, model, mayComplain = false, ...open }: PageOptions,
  test: (opened: ConsolePage) => Promise<void>,
): Promise<undefined> {
  const opened = await ConsolePage.open(browser, url ?? (await servers.several()).url, { ...open, patience });
  try {
    if (model !== undefined) {
      await opened.ready();
      await opened.chooseModel(model);
    }
    await test(opened);
    if (!mayComplain) assert.deepEqual(opened.faults, []);
  } finally {
    await opened.close();
  }
}
