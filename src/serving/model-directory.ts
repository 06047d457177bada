import type { Predictor } from "../predictor.ts";
import type { VersionStatus } from "../protocol/tfs-status.ts";
import type { Servable, Tuning } from "../servable.ts";
import type { Forecast } from "./admission.ts";

/** A version of a model that answers. */
export interface LoadedModel {
  readonly servable: Servable;
  readonly predictor: Pick<Predictor, "predict" | "openFlow">;
  readonly tuning: () => Tuning;
  /** Of the rows that it has accepted. */
  readonly forecast: Forecast;
}

/** What a caller names. */
export interface AskedModel {
  readonly name: string;
  /** Absent: the highest that answers. */
  readonly version?: bigint;
  /** Stands for a version; at most one of the two. */
  readonly label?: string;
}

/** The models that are served, each in one version or more. */
export interface ModelDirectory {
  /** In the order of the configuration; routes that name no model get the first. */
  readonly names: readonly [string, ...string[]];
  /**
   * Returns the model to answer with.
   *
   * @param asked absent: the first model
   * @throws {ServingError} NOT_FOUND and INVALID_ARGUMENT in TensorFlow Serving's words when there is none such;
   * NOT_READY while it is not loaded.
   */
  find(asked?: AskedModel): LoadedModel;
  /** Returns the states of a model's versions, the highest first; undefined where there is no such model. */
  versions(name: string): readonly VersionStatus[] | undefined;
}
