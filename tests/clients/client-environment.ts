import { fileURLToPath } from "node:url";
import { type PythonEnvironment, pythonEnvironment } from "../support/python-environment.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Returns the clients' Python packages, in `.venv` beside this file.
 *
 * @throws {Error} when there is no Python with venv.
 */
export function clientEnvironment(signal: AbortSignal): Promise<PythonEnvironment> {
  const packages = {
    folder: here(".venv"),
    whole: here("requirements.txt"),
    alone: here("requirements-no-deps.txt"),
  };
  return pythonEnvironment(packages, signal);
}
