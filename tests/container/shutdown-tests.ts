import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerTests } from "./container-test.ts";
import { Container, docker, HARDENED, RUN_LABEL, tryDocker } from "./docker.ts";
import { CPU_IMAGE, REPOSITORY } from "./images.ts";
import type { LoadReport } from "./load-client.ts";

const hardened = { image: CPU_IMAGE, flags: HARDENED };

/**
 * The kernel resets the connections that wait to be accepted when a port is closed. Only a request that was sent this
 * shortly before may have been on one of them.
 */
const BACKLOG_MS = 100;

/** How the CPU image stops. */
export const SHUTDOWN_TESTS: ContainerTests = {
  "docker stop under load: every request is answered until nobody listens, exit code 0": () =>
    Container.use(hardened, async (container) => {
      const load = tryDocker(
        ...["run", "--rm", `--label=${RUN_LABEL}`, `--network=container:${container.id}`],
        ...[`--volume=${join(REPOSITORY, "tests/container")}:/client:ro`, "--entrypoint=node"],
        ...[CPU_IMAGE, "/client/load-client.ts"],
      );
      await sleep(4000);
      const start = performance.now();
      // With Docker's own patience, ten seconds.
      await docker("stop", container.id);
      const seconds = (performance.now() - start) / 1000;

      const { code, stdout, stderr } = await load;
      assert.equal(code, 0, stderr);
      const { outcomes, closing, broken } = JSON.parse(stdout) as LoadReport;
      const seen = JSON.stringify({ outcomes, broken });
      const { 200: answered = 0, ECONNREFUSED: refused = 0, ECONNRESET: reset = 0, ...others } = outcomes;
      assert.deepEqual(others, {}, seen);
      const lost = broken.filter(
        (request) => request.ageMs > BACKLOG_MS || request.beforeClosedMs > BACKLOG_MS,
      );
      assert.deepEqual(lost, [], seen);
      assert.ok(refused > 0, "the clients never saw the port closed");
      assert.ok(answered > 100, `only ${answered} requests were answered`);
      assert.ok(closing > 0, "no answer said that the connection closes");
      assert.equal(await container.state("ExitCode"), "0", await container.logs());
      assert.ok(seconds < 10, `took ${seconds} s`);
      return `${answered} answers, ${closing} of them while stopping in ${seconds.toFixed(1)} s, ${reset} resets at the close`;
    }),

  "after SIGTERM it is not ready at once, answers, and ends with 0": () =>
    Container.use(hardened, async (container) => {
      const url = await container.url();
      await container.kill("TERM");
      await sleep(200);
      assert.equal((await fetch(`${url}/readyz`)).status, 503);
      assert.equal((await fetch(`${url}/v1/models/model/metadata`)).status, 200);
      const { code, ms } = await container.exit();
      assert.equal(code, 0);
      assert.ok(ms > 3000 && ms < 30_000, `ended after ${ms} ms`);
      return undefined;
    }),

  "a second signal ends it at once, with 128 and its number": async () => {
    for (const [signal, expected] of [
      ["TERM", 143],
      ["INT", 130],
    ] as const) {
      await Container.use(hardened, async (container) => {
        await container.kill("TERM");
        await sleep(200);
        assert.equal(await container.state("Running"), "true");
        await container.kill(signal);
        const { code, ms } = await container.exit();
        assert.equal(code, expected);
        assert.ok(ms < 2000, `ended after ${ms} ms`);
      });
    }
    return undefined;
  },
};
