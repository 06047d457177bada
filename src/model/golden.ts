import { join } from "node:path";
import { z } from "zod";
import { StartupError } from "../errors.ts";
import { toNumbers } from "../signature/scores.ts";
import type { ArrayFormat } from "../tensor/array-format.ts";
import { elementCount, formatShape, type Tensor, type Tensors } from "../tensor/tensor.ts";
import { contains } from "./check-in-folder.ts";
import { readJsonFile } from "./read-json-file.ts";
import { readNpy } from "./read-npy.ts";
import { readRegularFile } from "./read-regular-file.ts";

const expectedSchema = z.object({
  image: z.string(),
  outputs: z
    .record(z.string(), z.object({ shape: z.array(z.int().min(0)), data: z.array(z.number()) }))
    .refine((outputs) => Object.keys(outputs).length > 0, "none is given, so nothing would be proven"),
  tolerance: z.number().positive(),
});

/** A larger image would be most of the API's description. */
const MAX_EXAMPLE_BYTES = 8192;

/** An image and what the training framework made of it. */
export interface GoldenPair {
  readonly imageBytes: Uint8Array<ArrayBuffer>;
  /** How the bytes are pixels, for a NumPy file; absent: they are an encoded image. */
  readonly array?: ArrayFormat;
  /** A copy of the image, which itself is transferred to a worker; where it is encoded and small. */
  readonly example?: Uint8Array;
  /** Shapes: with the batch dimension, `[1, ...S]`. */
  readonly outputs: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>
  >;
  /** Largest difference that passes, relative to the expected number where that is above 1. */
  readonly tolerance: number;
}

/**
 * Returns the golden pair of a model folder (`golden/expected.json` and the image it names); undefined
 * when there is none.
 *
 * @throws {StartupError} when it is incomplete; one line that names the file.
 */
export function readGoldenPair(folder: string, modelDir: string = folder): GoldenPair | undefined {
  const path = join(folder, "golden", "expected.json");
  const expected = readJsonFile(path, expectedSchema, modelDir);
  if (expected === undefined) return undefined;
  const imagePath = join(folder, "golden", expected.image);
  if (!contains(folder, imagePath)) {
    throw new StartupError(`${path}: image ${expected.image} is outside the model's folder`);
  }
  const bytes = readRegularFile(imagePath, modelDir);
  if (bytes === undefined) throw new StartupError(`${path}: image ${expected.image} does not exist`);
  for (const [name, { shape, data }] of Object.entries(expected.outputs)) {
    if (data.length !== elementCount(shape)) {
      throw new StartupError(
        `${path}: outputs.${name} has ${data.length} numbers for shape ${formatShape(shape)}`,
      );
    }
  }
  const file = new Uint8Array(bytes);
  const { outputs, tolerance } = expected;
  if (!expected.image.endsWith(".npy")) {
    const example = file.length > MAX_EXAMPLE_BYTES ? {} : { example: file.slice() };
    return { imageBytes: file, ...example, outputs, tolerance };
  }
  const { bytes: elements, array } = readNpy(imagePath, file);
  return { imageBytes: elements, array, outputs, tolerance };
}

/** How near the server came to the training framework. */
export interface GoldenResult {
  /** Largest difference, relative to the expected number where that is above 1. */
  readonly largestDifference: number;
  readonly tolerance: number;
  readonly passed: boolean;
}

/**
 * Compares one row of outputs with the golden pair's.
 *
 * @throws {StartupError} when an expected output is missing or has another number of elements.
 */
export function compareGolden(golden: GoldenPair, row: Tensors): GoldenResult {
  let largestDifference = 0;
  for (const [name, { shape, data }] of Object.entries(golden.outputs)) {
    const got = row[name];
    if (got === undefined || got.data.length !== data.length) {
      const found = got === undefined ? "no such output" : `a row of shape ${formatShape(got.shape)}`;
      throw new StartupError(
        `golden/expected.json: outputs.${name} is ${formatShape(shape)}, the model gives ${found}`,
      );
    }
    largestDifference = Math.max(largestDifference, difference(got, data));
  }
  return {
    largestDifference,
    tolerance: golden.tolerance,
    passed: largestDifference <= golden.tolerance,
  };
}

/** NaN anywhere counts as infinitely far. */
function difference(tensor: Tensor, expected: readonly number[]): number {
  const got = toNumbers(tensor);
  let largest = 0;
  expected.forEach((want, i) => {
    const distance = Math.abs((got[i] ?? Number.NaN) - want) / Math.max(1, Math.abs(want));
    largest = Math.max(largest, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
  });
  return largest;
}
