import { randomFillSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import sharp from "sharp";

const IMAGES = 24;
const EDGE_PIXELS = 1500;

/** Sends a body from a thread of its own, so that this one holds none of it. */
const CLIENT = `
  const { workerData: { url, jpeg, images }, parentPort } = require("node:worker_threads");
  const b64 = Buffer.from(jpeg).toString("base64");
  const body = JSON.stringify({ instances: Array.from({ length: images }, () => ({ image_bytes: { b64 } })) });
  fetch(url, { method: "POST", body }).then(async (answer) => {
    await answer.arrayBuffer();
    parentPort.postMessage(answer.status);
  });
`;

/**
 * Prints what this process holds while a request's images wait for the one image worker: bodies of over 5 MB, and the
 * memory of all array buffers. Fails when a body is held to the end.
 */
async function main(): Promise<void> {
  if (globalThis.gc === undefined)
    throw new Error("run it by npm run bench:held, which lets it collect garbage");
  const alive = watchLargeBuffers();
  const from = <Module>(file: string): Promise<Module> => import(pathToFileURL(`dist/${file}`).href);
  const { Server } = await from<typeof import("../src/server.ts")>("server.js");
  const { parseSettings } =
    await from<typeof import("../src/config/parse-settings.ts")>("config/parse-settings.js");
  const { createLogger } =
    await from<typeof import("../src/observability/logger.ts")>("observability/logger.js");
  const flags = ["--model-dir=model_dir", "--host=127.0.0.1", "--port=0", "--image-workers=1"];
  const settings = parseSettings([...flags, "--request-timeout-ms=300000"], {});
  const onFatal = (error: Error) => process.stderr.write(`${error.stack}\n`);
  const server = new Server({
    settings,
    logger: createLogger("error"),
    cpus: 1,
    cuda: { devices: [0], areNamed: false },
    onFatal,
  });
  const url = `http://127.0.0.1:${await server.listen()}/analyze:predict`;
  await server.load();

  const jpeg = await noiseJpeg();
  process.stdout.write(`${IMAGES} images, ${megabytes(jpeg.length * IMAGES)} MB without base64\n`);
  const client = new Worker(CLIENT, { eval: true, workerData: { url, jpeg, images: IMAGES } });
  let status: number | undefined;
  client.once("message", (answered: number) => {
    status = answered;
  });
  let held = 0;
  let seen = 0;
  while (status === undefined) {
    await sleep(100);
    globalThis.gc();
    // What was collected is told a turn later.
    await sleep(20);
    if (status !== undefined) break;
    held = alive.size;
    seen = Math.max(seen, alive.size);
    const { arrayBuffers } = process.memoryUsage();
    process.stdout.write(`bodies held: ${alive.size}, array buffers: ${megabytes(arrayBuffers)} MB\n`);
  }
  if (status !== 200 || seen === 0) throw new Error(`the answer was ${status}, and ${seen} bodies were seen`);
  if (held > 0) throw new Error("the body was held while its images waited");
  await server.drain(0);
}

/** Returns the sizes of the live buffers of over 5 MB that this thread allocates from now on. */
function watchLargeBuffers(): ReadonlyMap<number, number> {
  const alive = new Map<number, number>();
  const registry = new FinalizationRegistry<number>((id) => alive.delete(id));
  const allocate = Buffer.allocUnsafeSlow;
  let next = 0;
  Buffer.allocUnsafeSlow = (size) => {
    const buffer = allocate(size);
    if (size > 5e6) {
      alive.set(next, size);
      registry.register(buffer.buffer, next++);
    }
    return buffer;
  };
  return alive;
}

function noiseJpeg(): Promise<Buffer> {
  const pixels = randomFillSync(Buffer.alloc(EDGE_PIXELS * EDGE_PIXELS * 3));
  return sharp(pixels, { raw: { width: EDGE_PIXELS, height: EDGE_PIXELS, channels: 3 } })
    .jpeg({ quality: 60 })
    .toBuffer();
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`held memory: ${(error as Error).message}\n`);
    process.exit(1);
  },
);
