import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withBatchingParameters } from "../../../src/batching-parameters.ts";
import { givenSettings, parseSettings } from "../../../src/config/parse-settings.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

function settle(text: string, flags: readonly string[] = []) {
  const path = join(temporaryModelFolder({ "batching.txt": text }), "batching.txt");
  const all = [`--batching-parameters-file=${path}`, ...flags];
  return withBatchingParameters(parseSettings(all, {}), givenSettings(all, {}));
}

const TEXT = "max_batch_size { value: 16 } max_enqueued_batches { value: 4 } num_batch_threads { value: 2 }";

describe("withBatchingParameters", () => {
  test("puts what the file says in the places of the settings", () => {
    const settings = settle(TEXT, ["--batch-timeout-micros=500"]);
    expect(settings).toMatchObject({
      maxBatchSize: 16,
      maxEnqueuedInstances: 64,
      inferenceLanes: 2,
      batchTimeoutMicros: 500,
    });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  test("leaves settings without a file as they are", () => {
    const settings = parseSettings([], {});
    expect(withBatchingParameters(settings, new Map())).toBe(settings);
  });

  test("refuses what a flag says as well, even the same", () => {
    expect(() => settle(TEXT, ["--max-batch-size=16"])).toThrow(
      /^--max-batch-size is set, and .*batching\.txt \(BATCHING_PARAMETERS_FILE\) says MAX_BATCH_SIZE as well: leave one out$/,
    );
  });

  test("refuses a largest batch that is none of ALLOWED_BATCH_SIZES", () => {
    expect(() => settle("max_batch_size { value: 16 }", ["--allowed-batch-sizes=1,8"])).toThrow(
      /^the last of ALLOWED_BATCH_SIZES is 8, but .* says 16 rows at most$/,
    );
  });
});
