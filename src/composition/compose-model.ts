import { FairPermits } from "../batching/fair-permits.ts";
import type { Settings } from "../config/settings.ts";
import type { ImagePool } from "../image-workers/image-pool.ts";
import type { Servable } from "../servable.ts";
import type { LoadedModel } from "../serving/model-directory.ts";
import type { LoadedPart } from "./composed-flow.ts";
import { composeForecast } from "./composed-forecast.ts";
import { ComposedPredictor } from "./composed-predictor.ts";
import { FanOut } from "./fan-out.ts";
import { PixelBudget } from "./pixel-budget.ts";
import type { TypedComposition } from "./type-composition.ts";

export interface ComposeOptions {
  /** What is said of the composed model as a whole. */
  readonly servable: Servable;
  readonly composition: TypedComposition;
  /** By the path of their folder. */
  readonly models: ReadonlyMap<string, LoadedPart>;
  readonly imagePool: ImagePool;
  readonly settings: Pick<Settings, "maxImagePixels" | "maxKeptPixelBytes">;
}

/** Returns a model that answers as one, of loaded ones that are linked. */
export function composeModel({
  servable,
  composition,
  models,
  imagePool,
  settings,
}: ComposeOptions): LoadedModel {
  const crops = composition.nodes.flatMap((node) =>
    node.kind === "step" && node.step.step === "crop" ? [node.name] : [],
  );
  const fanOuts = new Map(crops.map((name) => [name, new FanOut()]));
  const parts = [...models.values()];
  const predictor = new ComposedPredictor({
    composition,
    models,
    fanOuts,
    imagePool,
    imagePermits: createPermits(parts, imagePool),
    pixelBudget: new PixelBudget(settings.maxKeptPixelBytes),
    maxImagePixels: settings.maxImagePixels,
  });
  const forecast = composeForecast(
    composition.nodes.flatMap((node) => {
      const model = node.kind === "model" ? models.get(node.model) : undefined;
      if (model === undefined) return [];
      const fanOut = node.each === undefined ? undefined : fanOuts.get(node.each);
      return [{ forecast: model.forecast, fanOut }];
    }),
  );
  const tuning = () => {
    const all = parts.map((part) => part.tuning());
    return {
      maxBatchSize: Math.max(...all.map(({ maxBatchSize }) => maxBatchSize)),
      runTime: undefined,
      expectedMs: all.reduce((sum, { expectedMs }) => sum + expectedMs, 0),
    };
  };
  return { servable, predictor, tuning, forecast };
}

/** As many images as keep every model busy while the others work on what comes next; a batch more for newcomers. */
function createPermits(parts: readonly LoadedPart[], imagePool: ImagePool): FairPermits {
  const rows = parts.map(({ servable }) => (servable.lanes.count + 1) * servable.maxBatchSize);
  const reserved = Math.max(...parts.map(({ servable }) => servable.maxBatchSize));
  return new FairPermits({ permits: rows.reduce((a, b) => a + b, imagePool.concurrency), reserved });
}
