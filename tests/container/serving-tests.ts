import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerTests } from "./container-test.ts";
import { assertBmpDigit, assertDigits } from "./digits.ts";
import { Container, docker, HARDENED } from "./docker.ts";
import { CPU_IMAGE, REPOSITORY } from "./images.ts";

const hardened = (...flags: string[]) => ({ image: CPU_IMAGE, flags: [...HARDENED, ...flags] });

/** Returns the ports that something listens on, or takes datagrams at, in the container's own network. */
async function openPorts(container: Container): Promise<string[]> {
  const tables = await container.exec(
    "sh",
    "-c",
    "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6",
  );
  return tables
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === "0A" || state === "07")
    .map(([, local = ""]) => String(Number.parseInt(local.split(":")[1] ?? "", 16)));
}

/** How the CPU image serves under the flags that docs/containers.md gives. */
export const SERVING_TESTS: ContainerTests = {
  "under all hardening flags it names ten digits, in order, and answers GET /analyze": () =>
    Container.use(hardened(), async (container) => {
      const url = await container.url();
      await assertDigits(url);
      await assertBmpDigit(url);
      assert.equal((await fetch(`${url}/analyze`)).status, 200);
      return undefined;
    }),

  "its process is not root and has no capability": () =>
    Container.use(hardened(), async (container) => {
      const status = await container.exec("cat", "/proc/1/status");
      assert.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m);
      assert.match(status, /^Gid:\t1000\t1000\t1000\t1000$/m);
      assert.match(status, /^CapEff:\t0+$/m);
      assert.match(status, /^NoNewPrivs:\t1$/m);
      return undefined;
    }),

  "it listens on its port alone, also after SIGUSR1, which opens Node's debugger": () =>
    Container.use(hardened(), async (container) => {
      assert.deepEqual(await openPorts(container), ["8501"]);
      await container.kill("USR1");
      await sleep(500);
      assert.deepEqual(await openPorts(container), ["8501"]);
      await assertDigits(await container.url());
      return undefined;
    }),

  "its HEALTHCHECK becomes healthy": () =>
    Container.use(hardened(), async (container) => {
      const start = performance.now();
      while ((await container.state("Health.Status")) !== "healthy") {
        if (performance.now() - start > 40_000) throw new Error(await docker("inspect", container.id));
        await sleep(500);
      }
      return undefined;
    }),

  "its HEALTHCHECK asks the port that PORT names, and fails where nobody is ready there": () =>
    Container.use(hardened(), async (container) => {
      const test = await docker("inspect", "--format={{json .Config.Healthcheck.Test}}", container.id);
      const [, ...command] = JSON.parse(test) as string[];
      await container.exec(...command);
      await assert.rejects(docker("exec", "--env=PORT=8502", container.id, ...command), /exit code 1/);
      return undefined;
    }),

  "it serves as any user": () =>
    Container.use(hardened("--user=12345:12345"), async (container) => {
      assert.match(await container.exec("cat", "/proc/1/status"), /^Uid:\t12345\t/m);
      await assertDigits(await container.url());
      return undefined;
    }),

  "it serves when started with the word serve, and a flag": () =>
    Container.use({ ...hardened(), args: ["serve", "--model-name=digits"] }, async (container) => {
      const url = await container.url();
      await assertDigits(url);
      assert.equal((await fetch(`${url}/v1/models/digits`)).status, 200);
      return undefined;
    }),

  "it serves a mounted model": () =>
    Container.use(
      hardened(`--volume=${join(REPOSITORY, "model_dir")}:/models/model:ro`),
      async (container) => {
        assert.match(await container.exec("cat", "/proc/1/mounts"), / \/models\/model /);
        await assertDigits(await container.url());
        return undefined;
      },
    ),

  "it writes no file, where it could": () =>
    Container.use({ image: CPU_IMAGE, flags: ["--user=0"] }, async (container) => {
      const url = await container.url();
      await assertDigits(url);
      await assertBmpDigit(url);
      assert.equal(await docker("diff", container.id), "");
      return undefined;
    }),

  "a model folder that does not exist stops the start with one line": async () => {
    const container = await Container.start(hardened("--env=MODEL_DIR=/models/other"));
    try {
      assert.equal((await container.exit()).code, 1);
      assert.match(await container.stderr(), /^onnx-serving: \/models\/other does not exist[^\n]*\n$/);
    } finally {
      await container.remove();
    }
    return undefined;
  },

  "check runs in it": async () => {
    const report = await docker("run", "--rm", ...HARDENED, CPU_IMAGE, "check", "/models/model");
    assert.match(report, /^ *golden +passed/m);
    return undefined;
  },
};
