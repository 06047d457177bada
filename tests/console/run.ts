// Opens the console in a real browser, as people do, beside the built server. Without Chromium it says so and passes.
// `--docs` takes the pictures of docs/console.md anew, `--only <text>` runs the tests with that in their name, `--patience 5`
// lets a busy machine take five times as long.
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { Tally } from "../images/tally.ts";
import { ACCESS_TESTS } from "./access-tests.ts";
import { ANSWER_TESTS } from "./answer-tests.ts";
import type { ConsoleTests } from "./console-test.ts";
import { findChromium } from "./find-chromium.ts";
import { SAFETY_TESTS } from "./safety-tests.ts";
import { SOURCE_TESTS } from "./source-tests.ts";
import { STATE_TESTS } from "./state-tests.ts";
import { takePictures } from "./take-pictures.ts";
import { TestServers } from "./test-servers.ts";

const { values: options } = parseArgs({
  options: {
    docs: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    patience: { type: "string", default: "1" },
  },
});
const ALL: ConsoleTests = {
  ...ANSWER_TESTS,
  ...SOURCE_TESTS,
  ...ACCESS_TESTS,
  ...SAFETY_TESTS,
  ...STATE_TESTS,
};

const TESTS = Object.entries(ALL).filter(([name]) => name.includes(options.only));

const tally = new Tally();
const executablePath = findChromium();
if (executablePath === undefined) {
  for (const [name] of TESTS) tally.skip(name, "no Chromium: apt-get install chromium");
} else await testIn(executablePath);
const { passed, failed, skipped } = tally.counts;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

async function testIn(executablePath: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Whatever the browser itself would like to ask: there is nothing but this machine.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
  const servers = new TestServers();
  const place = { browser, servers, patience: Number(options.patience) };
  try {
    for (const [name, test] of TESTS) {
      await tally.run(name, () => test(place));
    }
    if (options.docs) await takePictures(place);
  } finally {
    await browser.close();
    await servers.stop();
  }
}
