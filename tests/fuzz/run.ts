// Sends the built server whatever comes to a fuzzer's mind, and holds every answer against docs/errors.md: see
// docs/reliability.md. Ends with the number of requests that passed, and of the kinds of faults that were found.
import { readFileSync } from "node:fs";
import { Failures } from "./failures.ts";
import { type FuzzModel, fuzzModels } from "./fuzz-model.ts";
import { fuzzServedModel } from "./fuzz-served-model.ts";
import { imageCollection } from "./image-collection.ts";
import { type FuzzOptions, HELP, parseOptions } from "./options.ts";
import { replay } from "./replay.ts";

async function main(options: FuzzOptions): Promise<void> {
  const { seed, concurrency, requests } = options;
  const models = fuzzModels().filter(({ name }) => options.model === undefined || options.model === name);
  if (models.length === 0) throw new Error(`--model: there is no "${options.model}"`);
  if (options.replayFile !== undefined) {
    await replay(models[0] as FuzzModel, readFileSync(options.replayFile, "utf8"));
    return;
  }
  console.log(`${requests} requests, ${concurrency} at once, --seed ${seed}`);
  const failures = new Failures(options.failuresFolder);
  const collection = await imageCollection(seed, options.imagesFolder);
  const shares = models.reduce((sum, { share }) => sum + share, 0);
  for (const model of models) {
    const count = Math.ceil((requests * model.share) / shares);
    await fuzzServedModel(model, { requests: count, seed, concurrency, collection, failures });
  }
  if (failures.count > 0) console.log(failures.summary());
  console.log(`${requests} passed, ${failures.count} failed, 0 skipped`);
  process.exitCode = failures.count > 0 ? 1 : 0;
}

const options = parseOptions(process.argv.slice(2));
if (options.isHelp) console.log(HELP);
else await main(options);
