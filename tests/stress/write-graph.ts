import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StressContext } from "./stress-check.ts";

/** Writes a model folder that holds one graph, and returns it. */
export function writeGraph({ folder }: StressContext, name: string, graph: Uint8Array): string {
  const modelFolder = join(folder, name);
  mkdirSync(modelFolder, { recursive: true });
  writeFileSync(join(modelFolder, "model.onnx"), graph);
  return modelFolder;
}
