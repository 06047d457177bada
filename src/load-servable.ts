import { relative } from "node:path";
import type { Settings } from "./config/settings.ts";
import {
  type CustomCode,
  imageHooksOf,
  imageRowMaker,
  loadCustomCode,
  tryImageHooks,
  tryPostprocess,
} from "./custom-code.ts";
import { firstLine, StartupError, withCause } from "./errors.ts";
import { firstPlace, type LanePlan } from "./find-lanes.ts";
import type { PreprocessSpec } from "./image/preprocess-spec.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import type { ImageHooks, PreprocessedImage } from "./image-workers/image-task.ts";
import type { ModelFile } from "./lane-starter.ts";
import { plainRow, zeroImage } from "./made-up-row.ts";
import { checkInFolder } from "./model/check-in-folder.ts";
import { chooseHead } from "./model/choose-head.ts";
import { choosePreprocess, rowShape } from "./model/choose-preprocess.ts";
import { checkExternalData } from "./model/external-data.ts";
import { findBatching } from "./model/find-batching.ts";
import { utilsWarnings } from "./model/find-handler.ts";
import { findModel, type ModelLocation } from "./model/find-model.ts";
import { findSamples } from "./model/find-samples.ts";
import { compareGolden, type GoldenPair, type GoldenResult, readGoldenPair } from "./model/golden.ts";
import { hashFile } from "./model/hash-file.ts";
import { findImageInput } from "./model/image-input.ts";
import { readOnnxFile } from "./model/onnx-file.ts";
import { openArchive } from "./model/open-archive.ts";
import { readRecipe } from "./model/read-recipe.ts";
import type { Recipe } from "./model/recipe.ts";
import { openLanes } from "./open-lanes.ts";
import type { Session, SessionPlace } from "./runtime/session.ts";
import type { SessionLanes } from "./runtime/session-lanes.ts";
import type { Servable } from "./servable.ts";
import { requireOffered } from "./signature/choose-signature.ts";
import { type Head, offeredSignatures } from "./signature/head.ts";
import { sharedRow } from "./tensor/shared-row.ts";
import { elementCount, type Tensors } from "./tensor/tensor.ts";
import { runTrial, type Trial, unmeasuredPlan, warmUp } from "./trial-run.ts";

export interface LoadOptions extends LanePlan {
  readonly settings: Settings;
  /** The version folder to load. Absent: the highest, or a folder without any. */
  readonly version?: number | undefined;
  readonly imagePool: ImagePool;
  /** Starts a session of a model file in its worker. */
  readonly startSession: (model: ModelFile, place: SessionPlace) => Promise<Session>;
}

export interface LoadedServable {
  readonly servable: Servable;
  readonly session: SessionLanes;
}

/**
 * From a model folder to a model that is proven to answer.
 *
 * Order: unpack an archive → find the file → look at it before ONNX Runtime opens it → descriptions → custom code →
 * session → one row (the golden one, if there is one) → what its outputs mean → golden check → custom answer → batch sizes → lanes.
 *
 * @throws {StartupError} one line that names the file or key at fault, and the remedy.
 */
export async function loadServable(options: LoadOptions): Promise<LoadedServable> {
  const { imagePool, startSession } = options;
  const settings = await openArchive(options.settings);
  const location = findModel(settings.modelDir, { ...settings, version: options.version });
  checkInFolder(settings.modelDir, location.modelPath);
  const onnx = readOnnxFile(location.modelPath);
  if (onnx.customDomains.length > 0) {
    throw new StartupError(
      `${location.modelPath} uses operators of ${onnx.customDomains.join(", ")}, which ONNX Runtime does not have: export it with standard operators`,
    );
  }
  checkExternalData({
    modelDir: settings.modelDir,
    modelFile: location.modelPath,
    locations: onnx.externalData,
  });
  const recipe = readRecipe({ modelDir: settings.modelDir, ...location, onnx });
  const golden = readGoldenPair(location.folder, settings.modelDir);
  const custom = await loadCustomCode(settings, location, imagePool);
  const sha256 = await hashFile(location.modelPath);
  const rssBefore = process.memoryUsage.rss();
  const file = { path: location.modelPath, sha256 };
  const session = await startSession(file, firstPlace(options)).catch((error: unknown) => {
    const reason = firstLine((error as Error).message);
    const remedy = /opset/i.test(reason) ? "; export it again with a lower opset" : "";
    throw new StartupError(`${location.modelPath} can't be loaded: ${reason}${remedy}`);
  });
  try {
    return await prove(options, { location, recipe, golden, custom, sha256, session, rssBefore });
  } catch (error) {
    await session.close();
    throw error;
  }
}

interface Opened {
  readonly location: ModelLocation;
  readonly recipe: Recipe;
  readonly golden: GoldenPair | undefined;
  readonly custom: CustomCode | undefined;
  readonly sha256: string;
  readonly session: Session;
  /** The process's memory before the session. Units: bytes. */
  readonly rssBefore: number;
}

async function prove(options: LoadOptions, opened: Opened): Promise<LoadedServable> {
  const { settings, imagePool } = options;
  const { location, recipe, golden, custom, sha256, session, rssBefore } = opened;
  const { info } = session;
  const image = findImageInput(info, recipe);
  const chosen = image === undefined ? undefined : choosePreprocess(image, recipe);
  const makeRow =
    chosen === undefined || image === undefined ? plainRow(info) : zeroImage(image, chosen.spec);
  const batching = findBatching(info, image !== undefined);
  const imageHooks = imageHooksOf(
    custom,
    image === undefined ? undefined : info.inputs[0],
    chosen?.spec.color,
  );
  const sample =
    chosen === undefined || (golden === undefined && custom === undefined)
      ? undefined
      : await sampleImage(imagePool, golden, chosen.spec, imageHooks);
  const sampleRow =
    sample === undefined || image === undefined
      ? makeRow
      : () => ({ [image.name]: structuredClone(sample.row) });
  const trial = await tryRow(session, batching, sampleRow, {
    mustRun: image !== undefined,
    modelPath: location.modelPath,
  });
  const {
    head: chosenHead,
    origins,
    warnings,
  } = trial === undefined ? GENERIC : chooseHead(recipe, trial.outputs, image?.layout);
  const head = withCustom(chosenHead, custom);
  if (settings.defaultSignature !== undefined) requireDefault(settings.defaultSignature, head);
  const goldenResult =
    golden === undefined || sample === undefined || trial === undefined
      ? undefined
      : requireGolden(location, compareGolden(golden, trial.outputs));
  const provenBatching = trial?.batching ?? batching;
  if (custom !== undefined) requireRows(custom, provenBatching, image !== undefined);
  // A row of zeros in the place of an image that was turned down comes from nowhere: no request has such a row.
  if (trial !== undefined && (sample !== undefined || image === undefined)) {
    const origin = sample === undefined ? {} : { origin: sample.geometry };
    await tryPostprocess(imagePool, custom, head, { outputs: trial.outputs, ...origin });
  }
  const row = sharedRow(makeRow());
  const measured =
    trial === undefined
      ? unmeasuredPlan(settings.maxBatchSize)
      : await warmUp({ ...settings, session, batching: trial.batching, makeRow: () => row });
  const lanes = await openLanes({
    plan: options,
    first: session,
    start: (place) => options.startSession({ path: location.modelPath, sha256 }, place),
    prove: async (lane) => {
      const { outputs } = await runTrial({ session: lane, batching: provenBatching, makeRow: sampleRow });
      if (golden !== undefined) requireGolden(location, compareGolden(golden, outputs));
    },
    batching: provenBatching,
    makeRow: trial === undefined ? undefined : () => row,
    makeImageRow: chosen && imageRowMaker(imagePool, chosen.spec, imageHooks),
    measured,
    laneBytes: process.memoryUsage.rss() - rssBefore,
  });
  const servable: Servable = {
    name: settings.modelName,
    version: location.version,
    file: relative(location.folder, location.modelPath),
    sha256,
    info,
    modelInputs: {
      inputs: info.inputs,
      batching: provenBatching.kind,
      ...(image === undefined ? {} : { imageInput: image.name }),
    },
    ...(chosen === undefined ? {} : { preprocess: chosen.spec }),
    head,
    ...(custom === undefined ? {} : { custom }),
    ...(imageHooks === undefined ? {} : { imageHooks }),
    batching: provenBatching,
    ...(chosen === undefined || provenBatching.kind === "whole" ? {} : rowBytes(chosen.spec)),
    ...lanes.measured,
    lanes: lanes.report,
    ...(goldenResult === undefined ? {} : { golden: goldenResult }),
    samples: findSamples(location.folder, settings.modelDir),
    ...(golden?.example === undefined ? {} : { exampleImage: golden.example }),
    origins: { ...recipe.origins, ...chosen?.origins, ...origins, ...custom?.origins },
    warnings: [
      ...(info.providerWarning === undefined ? [] : [`serving on the CPU: ${info.providerWarning}`]),
      ...(recipe.warnings ?? []),
      ...utilsWarnings(settings.utilsDir),
      ...(chosen?.warnings ?? []),
      ...warnings,
      ...goldenWarnings(golden !== undefined, image !== undefined),
      ...lanes.warnings,
    ],
  };
  return { servable, session: lanes.session };
}

const ITEM_BYTES = { float32: 4, float16: 2, uint8: 1 } as const;

function rowBytes(spec: PreprocessSpec): Pick<Servable, "rowBytes"> {
  const shape = rowShape(spec);
  return shape === undefined ? {} : { rowBytes: elementCount(shape) * ITEM_BYTES[spec.dtype] };
}

function goldenWarnings(hasGolden: boolean, isImage: boolean): string[] {
  if (hasGolden === isImage) return [];
  return hasGolden
    ? ["the golden pair is not used: the model takes no images"]
    : ["no golden pair: the preprocessing is not proven"];
}

const GENERIC = { head: { task: "generic" }, origins: {}, warnings: [] } as const;

/** A model of plain tensors may refuse made-up input (an index out of range, say) and yet be sound. */
async function tryRow(
  session: Session,
  batching: Trial["batching"],
  makeRow: () => Tensors,
  { mustRun, modelPath }: { readonly mustRun: boolean; readonly modelPath: string },
): Promise<Trial | undefined> {
  if (!mustRun && batching.kind === "whole") return undefined;
  try {
    return await runTrial({ session, batching, makeRow });
  } catch (error) {
    // What the worker did not survive is no refusal.
    if (!mustRun && error instanceof StartupError) return undefined;
    throw new StartupError(`${modelPath}: ${firstLine((error as Error).message)}`);
  }
}

/** The golden image, else a made-up one. */
async function sampleImage(
  imagePool: ImagePool,
  golden: GoldenPair | undefined,
  spec: PreprocessSpec,
  hooks: ImageHooks | undefined,
): Promise<PreprocessedImage | undefined> {
  if (golden === undefined) return tryImageHooks(imagePool, spec, hooks);
  try {
    return await imagePool.preprocess({ bytes: golden.imageBytes, array: golden.array }, spec, hooks);
  } catch (error) {
    throw new StartupError(`golden: the image can't be used: ${withCause(error as Error)}`);
  }
}

function withCustom(head: Head, custom: CustomCode | undefined): Head {
  return custom?.hooks.includes("postprocess") ? { ...head, hasPostprocess: true } : head;
}

/** Plain tensors of a model without a batch axis have no rows. */
function requireRows({ hooks, path }: CustomCode, { kind }: Trial["batching"], isImage: boolean): void {
  if (kind === "rows" || isImage || !hooks.includes("postprocess")) return;
  throw new StartupError(
    `${path} exports postprocess, but the model has no batch axis whose rows it could take: export the model with one`,
  );
}

function requireDefault(name: string, head: Head): void {
  try {
    requireOffered(name, offeredSignatures(head));
  } catch (error) {
    throw new StartupError(`DEFAULT_SIGNATURE: ${(error as Error).message}`);
  }
}

function requireGolden({ folder }: ModelLocation, result: GoldenResult): GoldenResult {
  if (result.passed) return result;
  throw new StartupError(
    `${folder}/golden: the outputs differ from the training framework's by ${result.largestDifference.toPrecision(3)}, above the tolerance ${result.tolerance}: check the preprocessing (mean, std, size, filter)`,
  );
}
