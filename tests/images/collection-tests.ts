import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ServingError } from "../../src/errors.ts";
import { ImagePool } from "../../src/image-workers/image-pool.ts";
import { collections, fetchCollection, type Reference, references } from "./collections.ts";
import { IMAGE_MS } from "./image-ms.ts";
import { type Answer, judgeAnswer } from "./judge-answer.ts";
import { askPixels } from "./pixel-echo.ts";
import type { Tally } from "./tally.ts";

const WORKER = new URL("../../dist/image-workers/image-worker.cjs", import.meta.url);

/** A row of these is the decoder's pixels. */
const PIXELS = {
  color: "RGB",
  rescaleFactor: 1,
  rescaleOffset: 0,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  layout: "HWC",
  dtype: "uint8",
} as const;

/** Answers over HTTP are JSON: five bytes and more for a pixel's channel. */
const MOST_PIXELS_OVER_HTTP = 40_000;

/** With `--short` larger files are left out. */
const SHORT_BYTES = 60_000;

export interface CollectionTestOptions {
  readonly tally: Tally;
  readonly cache: string;
  readonly short: boolean;
  /** Times may be so many times as long. */
  readonly patience: number;
  /** Of a server of the pixel echo. */
  readonly url: string;
}

/**
 * Sends every file of the collections through the server's own image workers, and the small ones through a server too,
 * and compares what comes back with Pillow's pixels or refusal.
 */
export async function testCollections(options: CollectionTestOptions): Promise<void> {
  const pool = new ImagePool({
    workers: 2,
    maxImagePixels: 50_000_000,
    imageTimeoutMs: 60_000,
    entry: WORKER,
  });
  try {
    for (const collection of collections) {
      const files = references.filter(({ file }) => file.startsWith(`${collection.name}/`));
      try {
        const folder = await fetchCollection(collection, options.cache);
        await testFiles(files, folder, pool, options);
        console.log(`${collection.name}: ${files.length} files`);
      } catch (error) {
        options.tally.skip(collection.name, `${files.length} files: ${(error as Error).message}`);
      }
    }
  } finally {
    await pool.close();
  }
}

async function testFiles(
  files: readonly Reference[],
  folder: string,
  pool: ImagePool,
  { tally, short, patience, url }: CollectionTestOptions,
): Promise<void> {
  for (const reference of files) {
    const path = join(folder, reference.file.slice(reference.file.indexOf("/") + 1));
    const bytes = existsSync(path) ? readFileSync(path) : undefined;
    if (bytes === undefined || sha256(bytes) !== reference.bytes) {
      tally.skip(reference.file, "this version of the package has it not, or otherwise");
      continue;
    }
    if (short && bytes.length > SHORT_BYTES) continue;
    const ask = {
      "the image workers": () => decode(pool, bytes),
      ...(isSmall(reference) && {
        HTTP: () => askPixels(url, bytes, { asBody: reference.refused === undefined }),
      }),
    };
    for (const [way, answer] of Object.entries(ask)) {
      const startMs = performance.now();
      const fault = judgeAnswer(reference, await answer());
      const ms = performance.now() - startMs;
      if (fault !== undefined) tally.fail(reference.file, `${fault}, by ${way}`);
      else if (ms > IMAGE_MS * patience) tally.fail(reference.file, `took ${Math.round(ms)} ms, by ${way}`);
      else tally.pass(reference.file);
    }
  }
}

function isSmall(reference: Reference): boolean {
  return reference.refused !== undefined || reference.height * reference.width <= MOST_PIXELS_OVER_HTTP;
}

async function decode(pool: ImagePool, bytes: Uint8Array): Promise<Answer> {
  try {
    const { row } = await pool.preprocess({ bytes }, PIXELS);
    const [height = 0, width = 0] = row.shape.slice(-3);
    return { height, width, sha256: sha256(row.data as Uint8Array) };
  } catch (error) {
    return { code: error instanceof ServingError ? error.code : "no ServingError", message: String(error) };
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
