// Builds both images, runs them, and asks of them what docs/containers.md promises. Without a Docker engine it says
// so and passes. `--with-npm-test` also runs the project's own tests in a container that has nothing but Node.
import { parseArgs } from "node:util";
import { BUILD_TESTS } from "./build-tests.ts";
import { CLEAN_MACHINE_TESTS } from "./clean-machine-tests.ts";
import type { ContainerTests } from "./container-test.ts";
import { CUSTOM_CODE_TESTS } from "./custom-code-tests.ts";
import { removeContainers, tryDocker } from "./docker.ts";
import { GPU_TESTS } from "./gpu-tests.ts";
import { IMAGE_TESTS } from "./image-tests.ts";
import { build, CPU_IMAGE, GPU_IMAGE } from "./images.ts";
import { MEMORY_TESTS } from "./memory-tests.ts";
import { SERVING_TESTS } from "./serving-tests.ts";
import { SHUTDOWN_TESTS } from "./shutdown-tests.ts";

const { values: options } = parseArgs({ options: { "with-npm-test": { type: "boolean", default: false } } });
const counts = { passed: 0, failed: 0, skipped: 0 };

/** Returns whether all of them passed. */
async function runAll(tests: ContainerTests): Promise<boolean> {
  const failedBefore = counts.failed;
  for (const [name, test] of Object.entries(tests)) {
    const start = performance.now();
    try {
      const figure = await test();
      counts.passed += 1;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`ok      ${name}${figure === undefined ? "" : `: ${figure}`} (${seconds} s)`);
    } catch (error) {
      counts.failed += 1;
      console.log(`FAILED  ${name}\n${String((error as Error).message).replace(/^/gm, "        ")}`);
    }
  }
  return counts.failed === failedBefore;
}

function skip(tests: ContainerTests, reason: string): void {
  for (const name of Object.keys(tests)) {
    counts.skipped += 1;
    console.log(`skipped ${name}: ${reason}`);
  }
}

function buildTest(variant: "cpu" | "gpu", tag: string, args: readonly string[]): ContainerTests {
  return {
    [`Dockerfile.${variant} builds`]: async () => {
      const { code, stdout, stderr } = await build(variant, tag, args);
      if (code !== 0) throw new Error(`${stdout}\n${stderr}`.trim().split("\n").slice(-40).join("\n"));
      return undefined;
    },
  };
}

async function main(): Promise<void> {
  if ((await tryDocker("info")).code !== 0) {
    console.log("no Docker engine answers `docker info`, so no container is tested");
    counts.skipped += 1;
    return;
  }
  const cpuTests = {
    ...IMAGE_TESTS,
    ...SERVING_TESTS,
    ...SHUTDOWN_TESTS,
    ...MEMORY_TESTS,
    ...BUILD_TESTS,
    ...CUSTOM_CODE_TESTS,
  };
  if (await runAll(buildTest("cpu", CPU_IMAGE, []))) await runAll(cpuTests);
  else skip(cpuTests, "no image");

  // The CUDA provider's download takes a few hundred megabytes, which no machine without a GPU needs.
  if (await runAll(buildTest("gpu", GPU_IMAGE, ["ONNXRUNTIME_NODE_INSTALL=skip"]))) await runAll(GPU_TESTS);
  else skip(GPU_TESTS, "no image");

  if (options["with-npm-test"]) await runAll(CLEAN_MACHINE_TESTS);
  else skip(CLEAN_MACHINE_TESTS, "asked for with --with-npm-test");
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void removeContainers().finally(() => process.exit(1)));
}
try {
  await main();
} finally {
  await removeContainers().catch(() => {});
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
