import { type Answer, request } from "../support/http-client.ts";
import { solidPng } from "../support/solid-png.ts";
import { BOMBS, type Bomb, LYING_HEADERS, largePhoto } from "./bombs.ts";
import { IMAGE_MS } from "./image-ms.ts";
import { peakGrowthMib } from "./peak-memory.ts";
import type { Tally } from "./tally.ts";

const WARM_UP_IMAGES = 32;

/** A header is refused in this time, the fastest of some: the machine may have other work. */
const HEADER_MS = 50;
const HEADER_ATTEMPTS = 10;
const HEADER_MIB = 20;

/** 50 million pixels at three bytes, and what a decoder keeps. */
const BOMB_MIB = 256;

/** Longest that GET /analyze may take while a photograph is decoded. */
const HEALTH_MS = 250;
const HEALTH_EVERY_MS = 20;

export interface BombTestOptions {
  readonly tally: Tally;
  /** Times may be so many times as long. */
  readonly patience: number;
  /** A server of a model that takes pictures resized, and answers with little. */
  readonly url: string;
  readonly pid: number;
}

/** Sends bombs to a server, and holds it to their answers, the time and the memory that they take. */
export async function testBombs({ tally, patience, url, pid }: BombTestOptions): Promise<void> {
  const send = (bytes: Buffer) => request(`${url}/v1/models/model:predict`, { body: bytes });
  const timed = async (bytes: Buffer): Promise<{ answer: Answer; ms: number }> => {
    const startMs = performance.now();
    return { answer: await send(bytes), ms: performance.now() - startMs };
  };

  // The first image of a worker loads what decodes it.
  await Promise.all(Array.from({ length: WARM_UP_IMAGES }, () => send(solidPng(8, 8, [1, 2, 3]))));
  for (const bomb of LYING_HEADERS) {
    await tally.run(bomb.name, async () => {
      const bytes = await bomb.make();
      let fastestMs = Number.POSITIVE_INFINITY;
      const mib = await peakGrowthMib(pid, async () => {
        for (let i = 0; i < HEADER_ATTEMPTS; i++) {
          const { answer, ms } = await timed(bytes);
          expectAnswer(answer, bomb);
          fastestMs = Math.min(fastestMs, ms);
        }
      });
      expectAtMost(fastestMs, HEADER_MS * patience, "ms");
      expectAtMost(mib, HEADER_MIB, "MiB");
      return `${bomb.answer}, ${fastestMs.toFixed(1)} ms, memory +${mib.toFixed(1)} MiB`;
    });
  }
  for (const bomb of BOMBS) {
    await tally.run(bomb.name, async () => {
      const bytes = await bomb.make();
      let ms = 0;
      const mib = await peakGrowthMib(pid, async () => {
        const timing = await timed(bytes);
        expectAnswer(timing.answer, bomb);
        ms = timing.ms;
      });
      expectAtMost(ms, IMAGE_MS * patience, "ms");
      expectAtMost(mib, BOMB_MIB, "MiB");
      return `${bytes.length} bytes, ${bomb.answer}, ${ms.toFixed(0)} ms, memory +${mib.toFixed(0)} MiB`;
    });
  }
  await tally.run("a photograph of 20 megapixels, health asked meanwhile", async () => {
    const bytes = await largePhoto();
    let slowestMs = 0;
    let isAnswered = false;
    const health = async () => {
      while (!isAnswered) {
        const startMs = performance.now();
        const { status } = await request(`${url}/analyze`);
        if (status !== 200) throw new Error(`GET /analyze said ${status}`);
        slowestMs = Math.max(slowestMs, performance.now() - startMs);
        await new Promise((resolve) => setTimeout(resolve, HEALTH_EVERY_MS));
      }
    };
    let ms = 0;
    const mib = await peakGrowthMib(pid, async () => {
      const asked = health();
      const timing = await timed(bytes).finally(() => {
        isAnswered = true;
      });
      await asked;
      if (timing.answer.status !== 200) throw new Error(`got ${timing.answer.text}`);
      ms = timing.ms;
    });
    expectAtMost(ms, IMAGE_MS * patience, "ms");
    expectAtMost(slowestMs, HEALTH_MS * patience, "ms for GET /analyze");
    expectAtMost(mib, BOMB_MIB, "MiB");
    return `${ms.toFixed(0)} ms, slowest health answer ${slowestMs.toFixed(0)} ms, memory +${mib.toFixed(0)} MiB`;
  });
}

function expectAnswer({ status, text }: Answer, { answer }: Bomb): void {
  const got = status === 200 ? 200 : (JSON.parse(text) as { code: string }).code;
  const expectedStatus = answer === 200 ? 200 : answer === "IMAGE_TOO_LARGE" ? 413 : 400;
  if (got !== answer || status !== expectedStatus)
    throw new Error(`expected ${answer}, got ${status} ${got}`);
}

function expectAtMost(got: number, limit: number, unit: string): void {
  if (got > limit) throw new Error(`expected at most ${limit} ${unit}, got ${got.toFixed(1)}`);
}
