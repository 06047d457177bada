import { excerpt, ServingError, StartupError, toStartupError } from "../errors.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { findModel, type ModelChoice } from "../model/find-model.ts";
import { compositionFolder } from "../model/holds-composition.ts";
import type { ModelConfig } from "../model/model-config.ts";
import { requireLabels, requireVersions } from "../model/read-model-config.ts";
import type { VersionState, VersionStatus } from "../protocol/tfs-status.ts";
import type { AskedModel, LoadedModel, ModelDirectory } from "../serving/model-directory.ts";
import { findVersions } from "./find-versions.ts";
import type { ModelConfigs } from "./model-source.ts";
import { ModelVersions, type VersionObserver } from "./model-versions.ts";
import type { LoadVersion } from "./served-version.ts";

export interface ManagerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ModelManagerOptions {
  /**
   * Reads the models that should be served.
   *
   * @throws {StartupError} what is wrong with the settings.
   */
  readonly readModels: () => ModelConfigs;
  readonly load: LoadVersion;
  readonly lifecycle: Lifecycle;
  /** Which file of a folder is the model. */
  readonly choice: ModelChoice;
  /** How often to look again; 0 is never. */
  readonly pollWaitSeconds: number;
  readonly log: ManagerLog;
}

/**
 * The models that are served, and their versions as they come and go. The server is ready once each model answers, and
 * from then on as long as one does: a model that fails later is not ready itself.
 */
export class ModelManager implements ModelDirectory {
  readonly #options: ModelManagerOptions;
  /** In the order of the configuration. */
  #models: ReadonlyMap<string, ModelVersions>;
  #first: string;
  /** Models that are yet to take the place of one of the same name and another base path. */
  readonly #successors = new Map<string, ModelVersions>();
  /** What was last logged of each place that something is wrong with, so that a poll does not say it again. */
  readonly #complaints = new Map<string, string>();
  #hasStarted = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @throws {StartupError} what is wrong with the settings. */
  constructor(options: ModelManagerOptions) {
    this.#options = options;
    const configs = options.readModels();
    this.#first = configs[0].name;
    this.#models = new Map(configs.map((config) => [config.name, this.#open(config)]));
  }

  get names(): readonly [string, ...string[]] {
    const others = [...this.#models].filter(
      ([name, { statuses }]) => name !== this.#first && statuses.length > 0,
    );
    return [this.#first, ...others.map(([name]) => name)];
  }

  find(asked: AskedModel = { name: this.#first }): LoadedModel {
    const versions = this.#models.get(asked.name);
    if (versions === undefined) throw notFound(asked);
    const wanted = wantedVersion(asked, versions);
    const [latest] = versions.available;
    const version = wanted === undefined ? latest : versions.get(Number(wanted));
    if (version?.state === "AVAILABLE" && version.served?.isLive) return version.served.model;
    const canWait = this.#statuses(versions).some(
      (one) => (wanted === undefined || BigInt(one.version) === wanted) && willAnswer(one.state),
    );
    if (!canWait) throw notFound(wanted === undefined ? asked : { name: asked.name, version: wanted });
    const { state } = this.#options.lifecycle;
    const text = `the model is not ready: ${state === "READY" ? "LOADING" : state}`;
    throw new ServingError("NOT_READY", text, { retryAfterSeconds: 1 });
  }

  versions(name: string): readonly VersionStatus[] | undefined {
    const versions = this.#models.get(name);
    return versions === undefined ? undefined : this.#statuses(versions);
  }

  /**
   * Loads all models, one version after the other, and then is ready; looks again every so often.
   *
   * @param beforeReady what has to be there besides
   * @throws {StartupError} when one of the models has no version that can be served, or a label none to stand for.
   */
  async start(beforeReady: () => Promise<unknown> = async () => {}): Promise<void> {
    const { choice, pollWaitSeconds } = this.#options;
    for (const versions of this.#models.values()) {
      const { config } = versions;
      // Says what is wrong where nothing is found.
      if (compositionFolder(config.basePath) === undefined) findModel(config.basePath, choice);
      await versions.reconcile(await findVersions(config.basePath, choice), false);
      requireAvailable(versions);
      requireLabels(
        config,
        versions.available.map(({ version }) => version),
      );
    }
    await beforeReady();
    this.#hasStarted = true;
    this.changed();
    if (pollWaitSeconds > 0 && !this.#isClosed) this.#schedule();
  }

  /** Looks for what came and went, once; never rejects. */
  async poll(): Promise<void> {
    this.#configure();
    for (const [name, versions] of [...this.#models, ...this.#successors]) {
      if (this.#isClosed) return;
      await this.#look(versions, `model ${name}`);
    }
    for (const [name, successor] of this.#successors) {
      if (successor.available.length === 0) continue;
      const before = this.#models.get(name);
      this.#models = new Map([...this.#models, [name, successor]]);
      this.#successors.delete(name);
      if (before !== undefined) this.#remove(before);
    }
    this.changed();
  }

  /** A version's state changed, or its workers were lost or restored. */
  changed(): void {
    if (!this.#hasStarted) return;
    const answers = [...this.#models.values()].some(({ available }) => available.length > 0);
    this.#options.lifecycle.moveTo(answers ? "READY" : "LOADING");
  }

  /** Begins nothing any more; what is loaded serves on. */
  stop(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const versions of [...this.#models.values(), ...this.#successors.values()]) versions.stop();
  }

  #open(config: ModelConfig): ModelVersions {
    return new ModelVersions(config, { load: this.#options.load, observer: this.#observer() });
  }

  #observer(): VersionObserver {
    const { log } = this.#options;
    return {
      changed: () => this.changed(),
      loadFailed: (model, version, error) => {
        if (this.#hasStarted)
          log.error({ model, version, error: error.message }, "a version can't be served");
      },
      unloaded: (model, version) => log.info({ model, version }, "version unloaded"),
      labelWaits: (model, label, version) => {
        if (this.#hasStarted)
          this.#complain(`label ${label} of ${model}`, `its version ${version} is not AVAILABLE`);
      },
    };
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      await this.poll();
      if (!this.#isClosed) this.#schedule();
    }, this.#options.pollWaitSeconds * 1000);
  }

  /** Takes over what the settings' files say now; where they can't be read, all stays as it is. */
  #configure(): void {
    let configs: ModelConfigs;
    try {
      configs = this.#options.readModels();
      this.#complaints.delete("models");
    } catch (error) {
      this.#complain("models", (error as Error).message);
      return;
    }
    const models = new Map<string, ModelVersions>();
    const names = new Set(configs.map(({ name }) => name));
    for (const config of configs) {
      const { name } = config;
      const versions = this.#models.get(name) ?? this.#open(config);
      models.set(name, versions);
      if (versions.config.basePath === config.basePath) versions.configure(config);
      else if (this.#successors.get(name)?.config.basePath === config.basePath) {
        this.#successors.get(name)?.configure(config);
      } else this.#successors.set(name, this.#open(config));
    }
    for (const [name, versions] of this.#models) if (!names.has(name)) this.#remove(versions);
    for (const [name, successor] of this.#successors) {
      if (names.has(name) && models.get(name)?.config.basePath !== successor.config.basePath) continue;
      this.#remove(successor);
      this.#successors.delete(name);
    }
    this.#models = models;
    // Another model does not become the one that answers where none is named, as long as that is there.
    if (!models.has(this.#first)) this.#first = this.#firstThatAnswers() ?? configs[0].name;
  }

  #firstThatAnswers(): string | undefined {
    return [...this.#models].find(([, { available }]) => available.length > 0)?.[0];
  }

  async #look(versions: ModelVersions, place: string): Promise<void> {
    const { basePath } = versions.config;
    try {
      await versions.reconcile(await findVersions(basePath, this.#options.choice), true);
      this.#complaints.delete(place);
    } catch (error) {
      this.#complain(place, toStartupError(error).message);
    }
  }

  #remove(versions: ModelVersions): void {
    void versions.remove();
  }

  #complain(place: string, text: string): void {
    if (this.#complaints.get(place) === text) return;
    this.#complaints.set(place, text);
    this.#options.log.warn({ place, reason: text }, "what is served stays as it is");
  }

  /** In a drain and after a failure the versions are as the server is. */
  #statuses(versions: ModelVersions): readonly VersionStatus[] {
    const { state, error } = this.#options.lifecycle;
    const statuses = versions.statuses;
    // Not yet looked for.
    if (statuses.length === 0 && !this.#hasStarted)
      return [{ version: 1, ...overall(state, error, "LOADING") }];
    return statuses.map((one) => ({ ...one, ...overall(state, error, one.state) }));
  }
}

function overall(
  lifecycle: Lifecycle["state"],
  error: string | undefined,
  state: VersionState,
): Pick<VersionStatus, "state" | "error"> {
  if (lifecycle === "DRAINING" && state === "AVAILABLE") return { state: "UNLOADING" };
  if (lifecycle !== "FAILED" || state === "END") return { state };
  return { state: "END", ...(error === undefined ? {} : { error: { code: "INTERNAL", message: error } }) };
}

function willAnswer(state: VersionState): boolean {
  return state === "START" || state === "LOADING" || state === "AVAILABLE";
}

function wantedVersion({ version, label }: AskedModel, versions: ModelVersions): bigint | undefined {
  if (label === undefined) return version;
  const labelled = versions.labelled(label);
  if (labelled !== undefined) return BigInt(labelled);
  throw new ServingError("INVALID_ARGUMENT", `Unrecognized servable version label: ${excerpt(label)}`);
}

function notFound({ name, version }: AskedModel): ServingError {
  const model = excerpt(name);
  const wanted = version === undefined ? `Latest(${model})` : `Specific(${model}, ${version})`;
  return new ServingError("NOT_FOUND", `Servable not found for request: ${wanted}`);
}

function requireAvailable(versions: ModelVersions): void {
  if (versions.available.length > 0) return;
  const failed = versions.statuses.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) throw new StartupError(failed.error.message);
  requireVersions(versions.config, []);
}
