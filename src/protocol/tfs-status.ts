import type { Value } from "../tensor/value.ts";

/** TensorFlow Serving's states of a version. A failed load is END, with the reason. */
export type VersionState = "UNKNOWN" | "START" | "LOADING" | "AVAILABLE" | "UNLOADING" | "END";

export interface VersionStatus {
  readonly version: number | string;
  readonly state: VersionState;
  /** Why the load failed: a canonical code such as "INTERNAL", and a sentence. */
  readonly error?: { readonly code: string; readonly message: string };
  /** The labels that stand for it. */
  readonly labels?: readonly string[];
}

/** Returns the status object of a model: TensorFlow Serving's, with KServe V1's `name` and `ready`. */
export function tfsStatus(name: string, versions: readonly VersionStatus[]): Value {
  return {
    name,
    ready: isReady(versions),
    model_version_status: versions.map(({ version, state, error }) => ({
      version: String(version),
      state,
      status: { error_code: error?.code ?? "OK", error_message: error?.message ?? "" },
    })),
  };
}

/** Tells whether a version answers requests: what decides between 200 and 503. */
export function isReady(versions: readonly VersionStatus[]): boolean {
  return versions.some(({ state }) => state === "AVAILABLE");
}
