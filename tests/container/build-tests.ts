import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { ContainerTests } from "./container-test.ts";
import { tryDocker } from "./docker.ts";
import { build, REPOSITORY } from "./images.ts";

const WRONG_IMAGE = "onnx-serving-test:wrong";

/** Builds with this MODEL_DIR, which must fail, and returns what the build said. */
async function failedBuild(modelDir: string): Promise<string> {
  const { code, stdout, stderr } = await build("cpu", WRONG_IMAGE, [`MODEL_DIR=${modelDir}`]);
  if (code === 0) await tryDocker("image", "rm", WRONG_IMAGE);
  assert.notEqual(code, 0, "the build passed");
  return stdout + stderr;
}

/** How a build says that its model is wrong. */
export const BUILD_TESTS: ContainerTests = {
  "a folder with only a checkpoint fails the build, in one line that names the file and the remedy":
    async () => {
      const folder = mkdtempSync(join(REPOSITORY, "wrong-model-"));
      try {
        writeFileSync(join(folder, "export.pkl"), "");
        const said = await failedBuild(basename(folder));
        // BuildKit repeats the last lines of a failed step.
        const lines = new Set([...said.matchAll(/onnx-serving: .*/g)].map(([line]) => line.trimEnd()));
        assert.equal(lines.size, 1, said.split("\n").slice(-20).join("\n"));
        assert.match([...lines][0] ?? "", /\/models\/model\/export\.pkl .*export/);
      } finally {
        rmSync(folder, { recursive: true });
      }
      return undefined;
    },

  "a folder that does not exist fails the build, in a line that names it": async () => {
    assert.match(await failedBuild("no-such-folder"), /no-such-folder.*(not exist|not found)/);
    return undefined;
  },
};
