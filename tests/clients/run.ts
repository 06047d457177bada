// Lets the clients of the field ask the built server, unchanged: what docs/clients.md tells its readers to run, and the
// tests in Python beside this file, with the vendors' own packages.
import { parseArgs } from "node:util";
import { PagePython } from "../docs/page-python.ts";
import { testPage } from "../docs/test-page.ts";
import { Tally } from "../images/tally.ts";
import type { PythonEnvironment } from "../support/python-environment.ts";
import { clientEnvironment } from "./client-environment.ts";
import { testScripts } from "./test-scripts.ts";

const { values: options } = parseArgs({
  options: {
    /** curl alone: skips what is in Python. */
    short: { type: "boolean", default: false },
    /** A clone of github.com/developmentseed/chip-n-scale-queue-arranger, whose Lambda is run as it is. */
    "chip-n-scale": { type: "string" },
  },
});

const tally = new Tally();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
const { signal } = stop;

const environment = options.short ? undefined : await findEnvironment();
const python = environment && new PagePython(environment.python);
await testPage({ page: "docs/clients.md", tally, python, signal });
if (environment !== undefined) {
  await testScripts({ tally, environment, chipNScale: options["chip-n-scale"], signal });
}
const { passed, failed, skipped } = tally.counts;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/** Returns undefined, with the reason in the log, where there is none. */
async function findEnvironment(): Promise<PythonEnvironment | undefined> {
  try {
    const environment = await clientEnvironment(signal);
    for (const reason of environment.missing) console.log(`not installed: ${reason}`);
    return environment;
  } catch (error) {
    signal.throwIfAborted();
    tally.skip("the clients in Python", (error as Error).message);
    return undefined;
  }
}
