// Sends nasty images to the server and to its image workers: whole collections of test files, compared with Pillow's
// pixels, and files made here that are far larger than they look. `--short` takes the small files only.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ServerProcess } from "../../src/bench/server-process.ts";
import { writeModelFolder } from "../support/model-folder.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { testBombs } from "./bomb-tests.ts";
import { testCollections } from "./collection-tests.ts";
import { writePixelEcho } from "./pixel-echo.ts";
import { Tally } from "./tally.ts";

const { values: options } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    /** Where Debian's packages are kept between runs. */
    cache: { type: "string", default: join(tmpdir(), "onnx-serving-images") },
    /** Times may be so many times as long, on a machine that has other work. */
    patience: { type: "string", default: "1" },
    /** The made files alone. */
    "no-collections": { type: "boolean", default: false },
  },
});

const entry = fileURLToPath(new URL("../../dist/bin.cjs", import.meta.url));
const patience = Number(options.patience);
// A server waits for an image no shorter than these tests do.
process.env.IMAGE_TIMEOUT_MS = String(Math.round(10_000 * patience));
const tally = new Tally();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

/** Runs tests beside a server of a model, and holds it to living on. */
async function withServer(folder: string, test: (server: ServerProcess) => Promise<void>): Promise<void> {
  try {
    const server = await ServerProcess.start({ entry, modelFolder: folder, signal: stop.signal });
    try {
      await test(server);
    } finally {
      await tally.run("the server ends as it should", () => server.stop().then(() => undefined));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await withServer(writeModelFolder({ "model.onnx": classifier() }), ({ url, pid }) =>
  testBombs({ tally, patience, url, pid }),
);
if (!options["no-collections"]) {
  console.log(`collections are kept in ${options.cache}`);
  await withServer(writePixelEcho(), ({ url }) =>
    testCollections({ tally, cache: options.cache, short: options.short, patience, url }),
  );
}
const { passed, failed, skipped } = tally.counts;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
