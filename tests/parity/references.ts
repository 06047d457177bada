import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { expect } from "vitest";
import { decodeImage } from "../../src/image/decode.ts";
import type { Filter, PreprocessSpec } from "../../src/image/preprocess-spec.ts";
import type { Raster } from "../../src/image/raster.ts";
import type { Box } from "../../src/image/resample.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

const FIXTURES = new URL("./fixtures/", import.meta.url);

export interface DecodeCase {
  readonly file: string;
  readonly height: number;
  readonly width: number;
  readonly RGB: string;
  readonly L: string;
}

export interface ResampleCase {
  readonly file: string;
  readonly color: "RGB" | "L";
  readonly height: number;
  readonly width: number;
  readonly filter: Filter;
  readonly box?: Box;
  readonly pixels?: string;
  readonly sha256: string;
}

export interface PreprocessCase {
  readonly spec: string;
  readonly file: string;
  readonly shape: readonly number[];
  readonly resized: readonly [height: number, width: number];
  readonly pixels?: string;
  readonly sha256: string;
  readonly given: PreprocessSpec;
}

export interface ShortestEdgeCase {
  readonly from: readonly [height: number, width: number];
  readonly edge: number;
  readonly max: number | null;
  readonly to: readonly [height: number, width: number];
}

/** Returns what a tool stored among the fixtures. */
export function readReferences<Content>(name: string): Content {
  return JSON.parse(readFileSync(new URL(name, FIXTURES), "utf8")) as Content;
}

/** A tensor: its numbers deflated, in base64. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** @default "float32" */
  readonly dtype?: "float32" | "int64";
  readonly data: string;
}

export function unpack({ shape, dtype = "float32", data }: StoredTensor): Tensor {
  const { buffer } = unpackBytes(data);
  return { dtype, shape, data: dtype === "float32" ? new Float32Array(buffer) : new BigInt64Array(buffer) };
}

/** Returns deflated bytes, given in base64. */
export function unpackBytes(data: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(inflateSync(Buffer.from(data, "base64")));
}

/** What Pillow gave; tools/make-pillow-references.py wrote it. */
export const references = readReferences<{
  readonly decode: readonly DecodeCase[];
  readonly resample: readonly ResampleCase[];
  readonly preprocess: readonly PreprocessCase[];
  readonly shortest_edge: readonly ShortestEdgeCase[];
}>("references.json");

export function readImage(file: string): Buffer {
  return readFileSync(new URL(`images/${file}`, FIXTURES));
}

export function decodeFixture(file: string, color: "RGB" | "L"): Promise<Raster> {
  return decodeImage(readImage(file), { color, maxImagePixels: 1_000_000 });
}

/** What the training libraries' own steps gave; tools/make-recipe-references.py wrote it. */
export const recipes = readReferences<readonly PreprocessCase[]>("recipes.json");

/** What fastai itself gave; tools/make-fastai-references.py wrote it. */
export const fastai = readReferences<readonly Omit<PreprocessCase, "resized">[]>("fastai.json");

type Numbers = Uint8Array | Uint16Array | Float32Array;

/** Holds `got` equal to a reference to the last bit; where its values are stored, says how far off it is. */
export function expectSame(got: Numbers, sha256: string, stored: string | undefined): void {
  const bytes = new Uint8Array(got.buffer, got.byteOffset, got.byteLength);
  if (createHash("sha256").update(bytes).digest("hex") === sha256) return;
  expect.fail(stored === undefined ? "values differ from Pillow's" : describeDifference(got, stored));
}

function describeDifference(got: Numbers, stored: string): string {
  const url = new URL(`pixels/${stored}.z`, FIXTURES);
  if (!existsSync(url)) return "values differ from Pillow's";
  const raw = Uint8Array.from(inflateSync(readFileSync(url)));
  const want = got instanceof Float32Array ? new Float32Array(raw.buffer) : raw;
  let largest = 0;
  let count = 0;
  for (let i = 0; i < Math.max(want.length, got.length); i++) {
    const difference = Math.abs((want[i] ?? 0) - (got[i] ?? 0));
    if (difference > 0) count++;
    largest = Math.max(largest, difference);
  }
  return `${count} of ${want.length} values differ from Pillow's, by ${largest} at most (got ${got.length} values)`;
}
