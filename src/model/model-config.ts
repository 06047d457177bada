/** One model to serve: where its versions are, and which of them are served. */
export interface ModelConfig {
  readonly name: string;
  /** A model folder, or a folder of numbered version folders. */
  readonly basePath: string;
  readonly policy: VersionPolicy;
  /** Names that stand for versions. */
  readonly labels: ReadonlyMap<string, number>;
}

/** Which of the versions that are there are served. */
export type VersionPolicy =
  | { readonly kind: "latest"; readonly count: number }
  | { readonly kind: "all" }
  | { readonly kind: "specific"; readonly versions: readonly number[] };

/** The policy of a model of which nothing is said. */
export const LATEST_ONLY: VersionPolicy = { kind: "latest", count: 1 };

/** A version folder's name has at most 15 digits: a number that a double holds exactly. */
export const MAX_FOLDER_VERSION: number = 10 ** 15 - 1;

/** Returns the versions to serve of those that are there, the highest first. */
export function chooseVersions(policy: VersionPolicy, present: readonly number[]): readonly number[] {
  const descending = [...new Set(present)].sort((a, b) => b - a);
  switch (policy.kind) {
    case "all":
      return descending;
    case "latest":
      return descending.slice(0, policy.count);
    case "specific":
      return descending.filter((version) => policy.versions.includes(version));
  }
}
