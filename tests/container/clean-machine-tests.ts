import assert from "node:assert/strict";
import type { ContainerTests } from "./container-test.ts";
import { RUN_LABEL, tryDocker } from "./docker.ts";
import { NODE_BASE, REPOSITORY } from "./images.ts";

/** The project's own tests where nothing but Debian and Node is installed: no Python, no compiler, no git. */
export const CLEAN_MACHINE_TESTS: ContainerTests = {
  "npm ci && npm test pass on a machine that has Node alone": async () => {
    const copy =
      "tar -C /repository --exclude=./node_modules --exclude=./dist --exclude=./.git -c . | tar -x";
    const { code, stdout, stderr } = await tryDocker(
      ...["run", "--rm", `--label=${RUN_LABEL}`, "--network=host", "--user=node", "--entrypoint=sh"],
      ...[
        `--volume=${REPOSITORY}:/repository:ro`,
        "--env=NPM_CONFIG_REGISTRY",
        "--env=HOME=/home/node",
        "--env=NO_COLOR=1",
      ],
      ...[NODE_BASE, "-c", `mkdir ~/project && cd ~/project && ${copy} && npm ci && npm test`],
    );
    const output = `${stdout}\n${stderr}`.trim().split("\n");
    assert.equal(code, 0, output.slice(-60).join("\n"));
    return stdout
      .split("\n")
      .find((line) => / Tests /.test(line))
      ?.trim();
  },
};
