// Runs what the pages of this repository tell their readers to run, as they tell it, against the built server, and holds the
// output against what they say comes of it. docs/clients.md, whose clients have packages of their own, is `npm run test:clients`.
import { parseArgs } from "node:util";
import { Tally } from "../images/tally.ts";
import { PagePython } from "./page-python.ts";
import { pages } from "./pages.ts";
import { testPage } from "./test-page.ts";

const { values: options } = parseArgs({
  options: {
    /** What needs Node and curl alone, with the packages and the build that are here. */
    short: { type: "boolean", default: false },
    /** Pages whose path has this in it. */
    only: { type: "string", default: "" },
    /** A virtual environment's, for the commands in Python; what it lacks is left out. */
    python: { type: "string", default: "python3" },
  },
});

const tally = new Tally();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

const python = options.short ? undefined : new PagePython(options.python);
for (const page of pages()) {
  if (page === "docs/clients.md" || !page.includes(options.only)) continue;
  await testPage({ page, tally, python, installs: !options.short, signal: stop.signal });
}
const { passed, failed, skipped } = tally.counts;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
