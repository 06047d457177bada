import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isInBlobs, isInside, resolve } from "./check-in-folder.ts";

/** An image that a model folder has for trying the model. */
export interface SampleImage {
  readonly name: string;
  readonly path: string;
}

/** Formats that are read from a request. A second dot says what belongs to a sample: `1.answer.png` to `1.jpg`. */
const SAMPLE_NAME = /^[^.][^.]*\.(?:jpe?g|png|webp|gif|bmp|tiff?)$/i;

/** More than these help nobody to choose. */
const MOST_SAMPLES = 24;

/**
 * Returns the images of a model folder that show what it is for: those in `samples/`, else the golden pair's.
 *
 * Order: of their names, numbers by their value.
 *
 * @param modelDir the folder that links may not lead out of; an image elsewhere is none
 */
export function findSamples(folder: string, modelDir: string = folder): readonly SampleImage[] {
  const own = imagesIn(join(folder, "samples"), modelDir);
  return own.length > 0 ? own : imagesIn(join(folder, "golden"), modelDir);
}

function imagesIn(folder: string, modelDir: string): readonly SampleImage[] {
  const { compare } = new Intl.Collator("en", { numeric: true });
  return namesIn(folder)
    .filter((name) => SAMPLE_NAME.test(name))
    .sort(compare)
    .map((name) => ({ name, path: join(folder, name) }))
    .filter(({ path }) => isFileOf(modelDir, path))
    .slice(0, MOST_SAMPLES);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // None there, or none that may be read: a model is served without samples.
    return [];
  }
}

function isFileOf(modelDir: string, path: string): boolean {
  const target = resolve(path);
  if (target === undefined || !(isInside(modelDir, target) || isInBlobs(modelDir, target))) return false;
  return statSync(target, { throwIfNoEntry: false })?.isFile() === true;
}
