import { composeModel } from "./composition/compose-model.ts";
import type { LoadedPart } from "./composition/composed-flow.ts";
import type { Settings } from "./config/settings.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import type { LoadedComposition } from "./load-composition.ts";
import type { ModelVersion } from "./model-version.ts";
import type { Metrics } from "./observability/metrics.ts";
import type { LoadedModel } from "./serving/model-directory.ts";
import type { ServedVersion } from "./versions/served-version.ts";

/** A model that is a part of a composed one: its version, as the flow of a request asks it. */
export interface PartVersion {
  readonly servable: LoadedPart["servable"];
  readonly version: ModelVersion;
  close(): Promise<void>;
}

export interface ComposedVersionOptions {
  readonly loaded: LoadedComposition<PartVersion>;
  readonly settings: Settings;
  readonly imagePool: ImagePool;
  readonly metrics: Metrics;
}

/** One version of a composed model; its parts live and end together. */
export class ComposedVersion implements ServedVersion {
  readonly model: LoadedModel;
  readonly #parts: readonly ModelVersion[];
  readonly #forget: () => void;

  constructor({ loaded, settings, imagePool, metrics }: ComposedVersionOptions) {
    const { servable, composition, parts } = loaded;
    this.#parts = [...parts.values()].map(({ version }) => version);
    const models = new Map([...parts].map(([path, { version }]) => [path, version.part]));
    this.model = composeModel({ servable, composition, models, imagePool, settings });
    const { name, version, sha256, info } = servable;
    // The lanes and rows are those of its parts, which tell of them.
    this.#forget = metrics.modelLoaded({
      model: { name, version: String(version), sha256, provider: info.provider },
      lanes: 0,
      liveLanes: () => 0,
      queuedRows: () => 0,
      tuning: this.model.tuning,
    });
  }

  get lanes(): number {
    return Math.max(...this.#parts.map(({ lanes }) => lanes));
  }

  get isLive(): boolean {
    return this.#parts.every(({ isLive }) => isLive);
  }

  async drained(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.drained()));
  }

  async close(): Promise<void> {
    this.#forget();
    await Promise.all(this.#parts.map((part) => part.close()));
  }
}
