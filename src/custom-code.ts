import { pathToFileURL } from "node:url";
import type { Settings } from "./config/settings.ts";
import { HandlerError, ServingError, StartupError, withCause } from "./errors.ts";
import type { PreprocessSpec } from "./image/preprocess-spec.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import type { ImageHooks, PreprocessedImage } from "./image-workers/image-task.ts";
import type { HookName } from "./image-workers/load-handler.ts";
import { findHandler } from "./model/find-handler.ts";
import type { ModelLocation } from "./model/find-model.ts";
import { encodeMaskPng } from "./signature/encode-mask-png.ts";
import type { Head } from "./signature/head.ts";
import type { RowResult } from "./signature/render-signature.ts";
import type { TensorSpec } from "./tensor/tensor.ts";

/** The model owner's own code. */
export interface CustomCode {
  /** Of `handler.mjs`. */
  readonly url: string;
  readonly path: string;
  readonly hooks: readonly HookName[];
  /** For each hook, the file that it came from. */
  readonly origins: Readonly<Record<string, string>>;
}

/**
 * Returns the handler of a model, loaded in the image workers; undefined when there is none.
 *
 * @throws {StartupError} when it can't be loaded or exports something else than hooks; the line names the file.
 */
export async function loadCustomCode(
  { utilsDir, modelDir }: Pick<Settings, "utilsDir" | "modelDir">,
  { folder }: ModelLocation,
  imagePool: ImagePool,
): Promise<CustomCode | undefined> {
  const found = findHandler({ utilsDir, folder, modelDir });
  if (found === undefined) return undefined;
  const { path, origin } = found;
  const url = pathToFileURL(path).href;
  try {
    const hooks = await imagePool.loadHandler(url);
    return { url, path, hooks, origins: Object.fromEntries(hooks.map((hook) => [hook, origin])) };
  } catch (error) {
    throw error instanceof HandlerError ? new StartupError(`${path} ${error.message}`) : error;
  }
}

/**
 * Returns what an image's way to a row needs to know of the handler; undefined where it takes no part in it.
 *
 * @param input of the graph, where it takes images
 * @param color of the recipe, where there is one
 * @throws {StartupError} when a hook would never be called.
 */
export function imageHooksOf(
  custom: CustomCode | undefined,
  input: TensorSpec | undefined,
  color: PreprocessSpec["color"] | undefined,
): ImageHooks | undefined {
  const hook = custom?.hooks.find((name) => name !== "postprocess");
  if (custom === undefined || hook === undefined) return undefined;
  if (input !== undefined && color !== "bands") return { url: custom.url, input };
  const takes = color === "bands" ? "raw arrays" : "no images";
  throw new StartupError(
    `${custom.path} exports ${hook}, but the model takes ${takes}: export postprocess alone`,
  );
}

/** Size of the picture that hooks and lanes are tried with, which is that of map tiles; in pixels. */
const TRIAL_EDGE = 256;

/**
 * Makes a row of a black picture, by way of the hooks of a model that has no golden pair; undefined where they turn it
 * down.
 *
 * @throws {StartupError} when a hook fails.
 */
export async function tryImageHooks(
  imagePool: ImagePool,
  spec: PreprocessSpec,
  hooks: ImageHooks | undefined,
): Promise<PreprocessedImage | undefined> {
  return unlessRejected(() => imagePool.preprocess({ bytes: blackPng() }, spec, hooks));
}

/**
 * Returns what makes a row of a black picture on the image workers: the same work as for the tile of a request. A picture
 * that is turned down has cost its work as well.
 */
export function imageRowMaker(
  imagePool: ImagePool,
  spec: PreprocessSpec,
  hooks: ImageHooks | undefined,
): () => Promise<unknown> {
  const bytes = blackPng();
  return () => imagePool.preprocess({ bytes }, spec, hooks).catch(() => undefined);
}

function blackPng(): Buffer {
  const black = new Uint8Array(TRIAL_EDGE * TRIAL_EDGE);
  return encodeMaskPng(black, { height: TRIAL_EDGE, width: TRIAL_EDGE });
}

/**
 * Has `postprocess` answer the row of the trial run, if there is such a hook. It may turn the row down.
 *
 * @throws {StartupError} when it fails.
 */
export async function tryPostprocess(
  imagePool: ImagePool,
  custom: CustomCode | undefined,
  head: Head,
  result: RowResult,
): Promise<void> {
  if (!custom?.hooks.includes("postprocess")) return;
  const labels = labelsOf(head);
  await unlessRejected(() => imagePool.postprocess({ url: custom.url, result, parameters: {}, ...labels }));
}

/** Returns the labels of a head as a member of what a hook is told; none where there are none. */
export function labelsOf(head: Head): { readonly labels?: readonly string[] } {
  return "labels" in head && head.labels !== undefined ? { labels: head.labels } : {};
}

async function unlessRejected<Result>(call: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ServingError && !(error instanceof HandlerError)) return undefined;
    throw new StartupError(`the trial run: ${withCause(error as Error)}`);
  }
}
