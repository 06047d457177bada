import type { Settings } from "../config/settings.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { Predictor } from "../predictor.ts";
import type { Servable, Tuning } from "../servable.ts";
import type { Admission } from "./admission.ts";

/** A model that answers. */
export interface LoadedModel {
  readonly servable: Servable;
  readonly predictor: Predictor;
  readonly tuning: () => Tuning;
}

/** All that the HTTP room needs of the rest of the server. */
export interface ServingApi {
  readonly settings: Settings;
  readonly lifecycle: Lifecycle;
  readonly admission: Admission;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Undefined until the model is loaded. */
  readonly model: () => LoadedModel | undefined;
}
