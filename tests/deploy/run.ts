// Lets other projects' tools judge deploy/, each where it is installed, and Prometheus watch the built server.
// CONTRIBUTING.md says where they come from.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Tally } from "../images/tally.ts";
import type { DeployCheck } from "./deploy-check.ts";
import { LIVE_CHECK } from "./live-check.ts";
import { SCHEMA_CHECKS } from "./schema-checks.ts";

const { values: options } = parseArgs({
  options: {
    /** Folder of compose-spec.json and the CustomResourceDefinitions of KEDA, KServe and the Prometheus operator. */
    schemas: { type: "string" },
  },
});

const tally = new Tally();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
const checks: readonly DeployCheck[] = [...SCHEMA_CHECKS, LIVE_CHECK];
for (const check of checks) {
  if (stop.signal.aborted) break;
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-deploy-"));
  const context = { folder, schemas: options.schemas, signal: stop.signal };
  const reason = await check.missing(context);
  if (reason === undefined) await tally.run(check.name, () => check.run(context));
  else tally.skip(check.name, reason);
  rmSync(folder, { recursive: true, force: true });
}
const { passed, failed, skipped } = tally.counts;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
