import { join } from "node:path";

/** Where SageMaker mounts what belongs to a container, and in it the model's files. */
const SAGEMAKER_ROOT = "/opt/ml";

export interface SageMakerSources {
  /** Whether the word `serve` was given, as SageMaker does. */
  readonly isServe: boolean;
  /** Names in a folder; undefined where there is none. */
  readonly listFolder: (path: string) => readonly string[] | undefined;
  /** @default /opt/ml */
  readonly root?: string;
}

/**
 * Returns the defaults of a container that SageMaker started: its port, and its model folder where it put a model
 * there. None elsewhere.
 *
 * @see Amazon SageMaker Developer Guide, "Custom inference code with hosting services"
 */
export function sagemakerDefaults({ isServe, listFolder, root = SAGEMAKER_ROOT }: SageMakerSources): {
  readonly port?: string;
  readonly modelDir?: string;
} {
  if (!isServe || listFolder(root) === undefined) return {};
  const modelDir = join(root, "model");
  const hasModel = (listFolder(modelDir) ?? []).length > 0;
  return { port: "8080", ...(hasModel ? { modelDir } : {}) };
}
