import { toStartupError } from "../errors.ts";
import { chooseVersions, type ModelConfig } from "../model/model-config.ts";
import type { VersionState, VersionStatus } from "../protocol/tfs-status.ts";
import type { FoundVersion } from "./find-versions.ts";
import type { LoadVersion, ServedVersion } from "./served-version.ts";

/** What is told of one model's versions. */
export interface VersionObserver {
  /** A state changed. */
  changed(): void;
  loadFailed(model: string, version: number, error: Error): void;
  unloaded(model: string, version: number): void;
  /** A label's version is not AVAILABLE: it stands for what it did before, if for anything. */
  labelWaits(model: string, label: string, version: number): void;
}

export interface ModelVersionsOptions {
  readonly load: LoadVersion;
  readonly observer: VersionObserver;
}

/** A version of the model, known since its folder was first seen. */
interface Version {
  readonly version: number;
  state: Exclude<VersionState, "UNKNOWN">;
  error?: Error;
  served?: ServedVersion;
  /** Its files when they were last loaded, or tried. */
  fingerprint: string;
  /** How often they were tried in vain. */
  failures: number;
}

/** A version whose files stay as they are is tried so often in all: what failed may have been the machine's fault. */
const MAX_TRIES = 3;

/** Versions that were served, or failed, are remembered: so many at most. */
const MAX_ENDED = 16;

/**
 * The versions of one model, each on its way from START over LOADING and AVAILABLE to UNLOADING and END. What the policy
 * asks for is loaded before what it does not is let go.
 *
 * @see tensorflow/serving `core/availability_preserving_policy.h`
 */
export class ModelVersions {
  readonly #options: ModelVersionsOptions;
  #config: ModelConfig;
  readonly #versions = new Map<number, Version>();
  /** The files as the last look saw them: a folder that is being filled is left alone. */
  #seen: ReadonlyMap<number, string> = new Map();
  #labels: ReadonlyMap<string, number> = new Map();
  #isClosed = false;

  constructor(config: ModelConfig, options: ModelVersionsOptions) {
    this.#config = config;
    this.#options = options;
  }

  get config(): ModelConfig {
    return this.#config;
  }

  /** From the next look on this is what it goes by. Its name and base path are the same. */
  configure(config: ModelConfig): void {
    this.#config = config;
  }

  /** Those that answer, the highest first. */
  get available(): readonly Version[] {
    return this.#ordered().filter((one) => one.state === "AVAILABLE" && one.served?.isLive === true);
  }

  get(version: number): Version | undefined {
    return this.#versions.get(version);
  }

  /** Returns the version that a label stands for. */
  labelled(label: string): number | undefined {
    return this.#labels.get(label);
  }

  /** Returns the states of all known versions, the highest first. */
  get statuses(): readonly VersionStatus[] {
    return this.#ordered().map(({ version, state, error, served }) => ({
      version,
      state: state === "AVAILABLE" && served?.isLive !== true ? "LOADING" : state,
      ...(error === undefined ? {} : { error: { code: "INTERNAL", message: error.message } }),
      labels: [...this.#labels].flatMap(([label, target]) => (target === version ? [label] : [])),
    }));
  }

  /**
   * Loads what of the found versions the policy asks for, the highest first, and lets go the others once one of
   * those answers, or none is asked for.
   *
   * @param isBeside whether requests are answered meanwhile: then what is new, or failed, waits until two looks saw the same files
   */
  async reconcile(found: readonly FoundVersion[], isBeside: boolean): Promise<void> {
    const fingerprints = new Map(found.map(({ version, fingerprint }) => [version, fingerprint]));
    const wanted = chooseVersions(this.#config.policy, [...fingerprints.keys()]);
    for (const version of wanted) this.#expect(version);
    for (const version of wanted) {
      const fingerprint = fingerprints.get(version) ?? "";
      const isSettled = !isBeside || this.#seen.get(version) === fingerprint;
      if (isSettled && this.#shouldLoad(version, fingerprint))
        await this.#load(version, fingerprint, isBeside);
      if (this.#isClosed) return;
    }
    this.#seen = fingerprints;
    const answers = this.available.some(({ version }) => wanted.includes(version));
    if (answers || wanted.length === 0) this.#letGo(wanted);
    this.#moveLabels();
    this.#forget(wanted);
    this.#options.observer.changed();
  }

  /** Lets all versions go. Resolves when the last accepted request is answered. */
  async remove(): Promise<void> {
    this.#isClosed = true;
    this.#labels = new Map();
    await Promise.all(this.#ordered().map((version) => this.#unload(version)));
  }

  /** What is being loaded is finished, and nothing else begun. */
  stop(): void {
    this.#isClosed = true;
  }

  #ordered(): readonly Version[] {
    return [...this.#versions.values()].sort((a, b) => b.version - a.version);
  }

  #expect(version: number): void {
    if (this.#versions.has(version)) return;
    this.#versions.set(version, { version, state: "START", fingerprint: "", failures: 0 });
    this.#options.observer.changed();
  }

  #shouldLoad(number: number, fingerprint: string): boolean {
    const version = this.#versions.get(number);
    if (version === undefined || version.state === "AVAILABLE" || version.state === "UNLOADING") return false;
    return version.fingerprint !== fingerprint || version.failures < MAX_TRIES;
  }

  async #load(number: number, fingerprint: string, isBeside: boolean): Promise<void> {
    const version = this.#versions.get(number);
    if (version === undefined) return;
    const { load, observer } = this.#options;
    if (version.fingerprint !== fingerprint) version.failures = 0;
    version.fingerprint = fingerprint;
    version.state = "LOADING";
    delete version.error;
    observer.changed();
    try {
      const before = this.available[0]?.served;
      version.served = await load({ config: this.#config, version: number, before, isBeside });
      version.state = "AVAILABLE";
      version.failures = 0;
      // What came after the server had begun to stop is not served.
      if (this.#isClosed) await this.#unload(version);
    } catch (error) {
      version.state = "END";
      version.error = toStartupError(error);
      version.failures += 1;
      observer.loadFailed(this.#config.name, number, version.error);
    }
    observer.changed();
  }

  #letGo(wanted: readonly number[]): void {
    for (const version of this.#ordered().toReversed()) {
      if (!wanted.includes(version.version)) void this.#unload(version);
    }
  }

  /** Requests that found it are answered first; new ones don't. */
  async #unload(version: Version): Promise<void> {
    const { served } = version;
    if (version.state === "UNLOADING") return;
    if (served === undefined) {
      if (version.state === "START") version.state = "END";
      return;
    }
    version.state = "UNLOADING";
    this.#options.observer.changed();
    await served.drained();
    await served.close();
    version.state = "END";
    delete version.served;
    this.#options.observer.unloaded(this.#config.name, version.version);
    this.#options.observer.changed();
  }

  /** A label moves when its version answers; until then it stands for the one before. */
  #moveLabels(): void {
    const isAvailable = (version: number | undefined) =>
      version !== undefined && this.#versions.get(version)?.state === "AVAILABLE";
    const labels = new Map<string, number>();
    for (const [label, target] of this.#config.labels) {
      const before = this.#labels.get(label);
      if (isAvailable(target)) labels.set(label, target);
      else {
        if (before !== undefined && isAvailable(before)) labels.set(label, before);
        this.#options.observer.labelWaits(this.#config.name, label, target);
      }
    }
    this.#labels = labels;
  }

  /** The oldest of those that are over. */
  #forget(wanted: readonly number[]): void {
    const ended = [...this.#versions.values()].filter(
      ({ version, state }) => state === "END" && !wanted.includes(version),
    );
    for (const { version } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#versions.delete(version);
    }
  }
}
