import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, normalize, parse } from "node:path";
import { ImageError, type ImageOutcome } from "../client/image-source.ts";

/** Writes masks into a folder, each under the name of its image with `.png` behind it. */
export class MaskFiles {
  readonly #folder: string;
  #lastMade = "";

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Writes the mask that a prediction is.
   *
   * @returns its file
   * @throws {ImageError} BAD_ANSWER when the prediction is no `mask_png`.
   */
  async write({ name, prediction }: Extract<ImageOutcome, { prediction: string }>): Promise<string> {
    const { b64 } = (JSON.parse(prediction) ?? {}) as { readonly b64?: unknown };
    if (typeof b64 !== "string") throw new ImageError("BAD_ANSWER", "the prediction is no mask_png");
    const file = join(this.#folder, `${below(name)}.png`);
    const folder = dirname(file);
    if (folder !== this.#lastMade) await mkdir(folder, { recursive: true });
    this.#lastMade = folder;
    await writeFile(file, Buffer.from(b64, "base64"));
    return file;
  }
}

/** Returns a path that stays below the folder that it is joined to. */
function below(name: string): string {
  const path = normalize(name);
  return path
    .slice(parse(path).root.length)
    .split(/[\\/]/)
    .map((part) => (part === ".." ? "__" : part))
    .join("/");
}
