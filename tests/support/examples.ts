import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const EXAMPLE_NAMES = ["segmentation", "detection", "multi-label"] as const;

export type ExampleName = (typeof EXAMPLE_NAMES)[number];

/** A held-out scene of an example, with what was drawn in it. Units: boxes x1, y1, x2, y2 in pixels of the scene. */
export interface Sample {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly digits: readonly { readonly label: string; readonly box: readonly number[] }[];
}

export function exampleDir(name: ExampleName): string {
  return fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
}

export function readSample(name: ExampleName, file: string): Buffer {
  return readFileSync(join(exampleDir(name), "samples", file));
}

/** Returns the example's samples, each with what the reference answered (`More`). */
export function samplesOf<More>(name: ExampleName): (Sample & More)[] {
  return JSON.parse(readSample(name, "samples.json").toString("utf8"));
}
