// Holds the built server against its own OpenAPI document: Schemathesis sends what the document allows and what it does
// not, and a browser uses the page that shows it. What is not installed is skipped, and said.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installRequirements } from "../../benchmark/peers/python-environment.ts";
import { fuzzModels } from "../fuzz/fuzz-model.ts";
import { FuzzedServer } from "../fuzz/fuzzed-server.ts";
import { Tally } from "../images/tally.ts";
import { browseDocs, missingBrowser } from "./browse-docs.ts";
import { fuzzApi } from "./fuzz-api.ts";

const { values: options } = parseArgs({
  options: {
    /** Few requests, for every change. */
    short: { type: "boolean", default: false },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    /** Only this model: classifier, segmentation or tensors. */
    model: { type: "string" },
  },
});

/** A busy machine is no fault of the server: to Schemathesis, a deadline that passed is one. */
const PATIENCE = ["--request-timeout-ms=300000"];

const tally = new Tally();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
const { signal } = stop;

const programs = await findSchemathesis();
for (const { name, folder } of fuzzModels()) {
  if (signal.aborted || (options.model !== undefined && options.model !== name)) continue;
  const server = await FuzzedServer.start(folder, PATIENCE);
  const url = `http://127.0.0.1:${server.port}`;
  try {
    if (programs !== undefined) await tally.run(`the answers of ${name}`, () => fuzz(server, programs, url));
    if (name === "classifier") await browse(url);
  } finally {
    await server.stop();
  }
}
const { passed, failed, skipped } = tally.counts;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

async function fuzz(server: FuzzedServer, programs: string, url: string): Promise<string> {
  const examples = options.short ? 10 : 100;
  await fuzzApi({ programs, url, examples, seed: Number(options.seed), signal });
  if (!server.isAlive) throw new Error(server.ending);
  if (server.complaints.length > 0) throw new Error(`the log: ${server.complaints[0]}`);
  return `--seed ${options.seed}`;
}

async function browse(url: string): Promise<void> {
  const missing = missingBrowser();
  if (missing === undefined) await tally.run("the page in a browser", () => browseDocs(url));
  else tally.skip("the page in a browser", missing);
}

/** Returns the folder of its program; undefined, with the reason in the log, where it can't be had. */
async function findSchemathesis(): Promise<string | undefined> {
  const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));
  try {
    return await installRequirements({
      environment: "openapi",
      requirements,
      signal,
      onProgress: (text) => console.log(text),
    });
  } catch (error) {
    signal.throwIfAborted();
    tally.skip("Schemathesis", (error as Error).message);
    return undefined;
  }
}
