/** What a check of the manifests is given. */
export interface CheckContext {
  /** An empty folder for what it writes. */
  readonly folder: string;
  /** Holds CustomResourceDefinitions and compose-spec.json, anywhere below. */
  readonly schemas: string | undefined;
  readonly signal: AbortSignal;
}

/** One line of the report. */
export interface DeployCheck {
  readonly name: string;
  /** Returns why it can't be run here; undefined where it can. */
  readonly missing: (context: CheckContext) => string | undefined | Promise<string | undefined>;
  /**
   * Resolves with what to print beside the name.
   *
   * @throws {Error} with what is wrong.
   */
  readonly run: (context: CheckContext) => Promise<string>;
}
