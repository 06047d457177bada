import type { Settings } from "../config/settings.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Logger } from "../observability/logger.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { OpenTrace } from "../observability/request-trace.ts";
import type { Admission } from "./admission.ts";
import type { ModelDirectory } from "./model-directory.ts";

/** All that whoever answers requests, over HTTP or otherwise, needs of the rest of the server. */
export interface ServingApi {
  readonly settings: Settings;
  readonly lifecycle: Lifecycle;
  readonly admission: Admission;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly openTrace: OpenTrace;
  readonly models: ModelDirectory;
}
