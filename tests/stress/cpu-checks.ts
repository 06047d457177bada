import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeModelFolder } from "../../benchmark/model-folder.ts";
import { runPart } from "../../benchmark/run-part.ts";
import { request } from "../support/http-client.ts";
import { Skip, type StressChecks, type StressContext } from "./stress-check.ts";
import { withServer } from "./with-server.ts";

/** Of what a server gives that is told to use one thread. */
const LEAST_SHARE = 0.8;

/** Fewer CPUs than the machine has. */
export const CPU_CHECKS: StressChecks = {
  "a CPU set of one: one thread, no complaint, no collapse": oneCpu,
};

async function oneCpu(context: StressContext): Promise<void> {
  const { sheet } = context;
  if (spawnSync("taskset", ["-c", "0", "true"]).status !== 0) throw new Skip("taskset does not work here");
  const found = await measure(context, []);
  const told = await measure(context, ["--intra-op-threads=1", "--image-workers=1"]);
  sheet.equal("threads of a run", found.threads, 1);
  sheet.equal("standard error", found.stderr, "");
  sheet.note("told to use one thread, images/s", told.imagesPerSecond);
  sheet.atLeast("images/s", found.imagesPerSecond, LEAST_SHARE * told.imagesPerSecond);
}

async function measure(context: StressContext, flags: readonly string[]) {
  const { seconds, folder, tilesFolder, signal } = context;
  const modelFolder = join(folder, "mobilenetv2");
  writeModelFolder(modelFolder, "mobilenetv2");
  const stderrFile = join(folder, "stderr");
  const stderrFd = openSync(stderrFile, "w");
  try {
    const launcher = ["taskset", "-c", "0"];
    return await withServer(context, { modelFolder, flags, launcher, stderrFd }, async ({ port, url }) => {
      const { json } = await request(`${url}/v1/models/model/metadata`);
      const { lanes } = json.onnx_serving as { lanes: { intra_op_threads: number } };
      const times = { warmupSeconds: Math.min(seconds / 3, 3), seconds: Math.min(seconds, 10) };
      const load = { port, tilesFolder, tilesPerRequest: 4, clients: 4, wire: "analyze", ...times } as const;
      const { imagesPerSecond } = await runPart("load", load, { signal });
      return { threads: lanes.intra_op_threads, stderr: readFileSync(stderrFile, "utf8"), imagesPerSecond };
    });
  } finally {
    closeSync(stderrFd);
  }
}
