import assert from "node:assert/strict";
import { largePhoto } from "../images/bombs.ts";
import { solidPng } from "../support/solid-png.ts";
import type { ContainerTests } from "./container-test.ts";
import { assertDigits, digitPng } from "./digits.ts";
import { Container, HARDENED } from "./docker.ts";
import { CPU_IMAGE } from "./images.ts";

const LIMITED = ["--memory=512m", "--memory-swap=512m"];

/** Each decoded alone takes 140 MiB, and 60 MiB beside a body of 10 MB: eight at once never fit. */
const CLIENTS = 8;
const ROUNDS = 3;

/** A time that only an image that waited for a large one to be decoded is near. */
const SMALL_MS = 10_000;

/** What a small machine does to the server: little memory, and one CPU of several. */
export const MEMORY_TESTS: ContainerTests = {
  "with 512 MB, large images wait for each other and are answered, small ones meanwhile": () =>
    Container.use(limited(), async (container) => {
      const url = await container.url();
      const large = [solidPng(7000, 7000, [20, 120, 220]), await largePhoto()] as const;
      let isDone = false;
      let slowestMs = 0;
      let small = 0;
      const smallClient = async () => {
        while (!isDone) {
          const startMs = performance.now();
          assert.equal((await send(url, digitPng(7))).status, 200);
          slowestMs = Math.max(slowestMs, performance.now() - startMs);
          small += 1;
        }
      };
      const largeClient = async (index: number) => {
        for (let round = 0; round < ROUNDS; round++) {
          const { status, text } = await send(url, large[index % 2] as Buffer);
          assert.equal(status, 200, text);
        }
      };
      const smallClients = [smallClient(), smallClient()];
      await Promise.all(Array.from({ length: CLIENTS }, (_, index) => largeClient(index))).finally(() => {
        isDone = true;
      });
      await Promise.all(smallClients);
      assert.ok(slowestMs < SMALL_MS, `a small image took ${slowestMs} ms`);
      await assertAlive(container);
      return `${CLIENTS * ROUNDS} large and ${small} small images, the slowest small one ${slowestMs.toFixed(0)} ms`;
    }),

  "with 512 MB, what never fits is refused before it is decoded": () =>
    Container.use(limited("--env=MAX_DECODE_BYTES=64MiB"), async (container) => {
      const url = await container.url();
      const { status, text } = await send(url, solidPng(7000, 7000, [20, 120, 220]));
      assert.deepEqual([status, JSON.parse(text).code], [413, "IMAGE_TOO_LARGE"]);
      assert.match(text, /MAX_DECODE_BYTES/);
      await assertDigits(url);
      await assertAlive(container);
      return undefined;
    }),

  "with one CPU of several and 512 MB, it plans for one and does not ask for others": () =>
    Container.use(limited("--cpus=1"), async (container) => {
      await assertDigits(await container.url());
      const logs = await container.logs();
      assert.doesNotMatch(logs, /affinity/i);
      const [loaded] = logs.split("\n").filter((line) => line.includes('"model loaded"'));
      const { lanes } = JSON.parse(loaded ?? "{}") as { lanes?: { count: number; intraOpThreads: number } };
      assert.deepEqual([lanes?.count, lanes?.intraOpThreads], [1, 1]);
      await assertAlive(container);
      return undefined;
    }),
};

function limited(...flags: readonly string[]) {
  return { image: CPU_IMAGE, flags: [...HARDENED, ...LIMITED, ...flags] };
}

async function send(url: string, body: Buffer): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}/v1/models/model:predict`, { method: "POST", body });
  return { status: answer.status, text: await answer.text() };
}

async function assertAlive(container: Container): Promise<void> {
  assert.equal(await container.state("OOMKilled"), "false");
  assert.equal(await container.state("Running"), "true");
  assert.equal(await container.state("Restarting"), "false");
}
