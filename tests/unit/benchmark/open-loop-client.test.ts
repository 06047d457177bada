import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runOpenLoop } from "../../../benchmark/open-loop-client.ts";

const tilesFolder = mkdtempSync(join(tmpdir(), "open-loop-"));
writeFileSync(join(tilesFolder, "0.jpg"), "a tile");
afterAll(() => rmSync(tilesFolder, { recursive: true }));

/** Ten requests of two images, 50 ms apart; the first five are not measured. */
const LOAD = { tilesFolder, tilesPerRequest: 2, imagesPerSecond: 40, arrivals: "fixed", seed: 1 } as const;
const TIMES = { warmupSeconds: 0.25, seconds: 0.25 };

async function run(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await runOpenLoop({ ...LOAD, ...TIMES, port: (server.address() as AddressInfo).port }, () => {});
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const answer = (response: ServerResponse) => response.end('{"predictions":[1,2]}');

describe("runOpenLoop", () => {
  test("sends without waiting for answers, and counts latency from when a request was due", async () => {
    const held: ServerResponse[] = [];
    const figures = await run((_, response) => {
      // All are answered when the last has come.
      if (held.push(response) === 10) held.forEach(answer);
    });
    expect(figures).toMatchObject({ offeredImagesPerSecond: 40, refused: 0, latency: { count: 5 } });
    // The first measured one was due 200 ms before the last.
    expect(figures.latency.maxMs).toBeGreaterThanOrEqual(200);
    expect(figures.maxLateMs).toBeGreaterThanOrEqual(0);
  });

  test.each([503, 504])("counts %d as refused, and not as answered", async (status) => {
    const figures = await run((_, response) => {
      response.statusCode = status;
      answer(response);
    });
    expect(figures).toMatchObject({ refused: 5, answeredImagesPerSecond: 0, latency: { count: 0 } });
  });

  test("tells refusals that say when to come back from others, and 503 from 504", async () => {
    let answered = 0;
    const figures = await run((_, response) => {
      // Of the five that are measured.
      answered += 1;
      response.statusCode = answered === 10 ? 504 : 503;
      if (answered < 8) response.setHeader("Retry-After", "1");
      answer(response);
    });
    expect(figures).toMatchObject({ refused: 5, timedOut: 1, withoutRetryAfter: 2, refusal: { count: 4 } });
  });

  test("throws at any other answer", async () => {
    const failing = run((_, response) => {
      response.statusCode = 500;
      answer(response);
    });
    await expect(failing).rejects.toThrow(/^status 500/);
  });
});
