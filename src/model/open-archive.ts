import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { excerpt, StartupError } from "../errors.ts";
import { readArchiveManifest } from "./archive-manifest.ts";
import { findArchive } from "./find-archive.ts";
import { exporterOf, type ModelChoice } from "./find-model.ts";
import { unpackArchive } from "./unpack-archive.ts";

interface ArchiveSettings extends ModelChoice {
  readonly modelDir: string;
  readonly maxArchiveBytes: number;
}

/**
 * Makes a model folder of TorchServe's model archive (`.mar`), where that is what is to be served: the same settings with
 * another `modelDir` and `modelFile`, else the settings as they are.
 *
 * @throws {StartupError} when the archive is damaged, or its model is no ONNX file; the line names the exporter.
 */
export async function openArchive<Given extends ArchiveSettings>(settings: Given): Promise<Given> {
  const archive = findArchive(settings.modelDir, settings);
  if (archive === undefined) return settings;
  const folder = await unpackArchive(archive, settings.maxArchiveBytes);
  try {
    return { ...settings, modelDir: folder, modelFile: prepare(archive, folder) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Returns the name of the model's file. */
function prepare(archive: string, folder: string): string {
  const manifest = readArchiveManifest(folder);
  if (manifest === undefined) {
    throw new StartupError(`${archive} has no MAR-INF/MANIFEST.json: make it with torch-model-archiver`);
  }
  const serialized = manifest.serializedFile;
  if (serialized == null) {
    throw new StartupError(
      `${archive} names no serializedFile: make it with torch-model-archiver --serialized-file model.onnx`,
    );
  }
  // The archiver puts the file there without its folder.
  const modelFile = basename(serialized);
  if (!modelFile.endsWith(".onnx")) {
    const exporter = exporterOf(modelFile) ?? "tools/export_torch.py of this repository";
    throw new StartupError(
      `${archive}: its model ${excerpt(modelFile)} is not an ONNX model: export it with ${exporter}`,
    );
  }
  moveToVersion(folder, String(manifest.modelVersion ?? ""));
  return modelFile;
}

/** A version folder is what tells a version; `2.0` is version 2. */
function moveToVersion(folder: string, modelVersion: string): void {
  const [, version] = /^(\d{1,15})(?:\.0+)*$/.exec(modelVersion) ?? [];
  if (version === undefined) return;
  const names = readdirSync(folder);
  const target = join(folder, ".unpacked");
  mkdirSync(target);
  for (const name of names) renameSync(join(folder, name), join(target, name));
  renameSync(target, join(folder, version));
}
