import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** Files of a model folder by name; an object is written as JSON. */
export type FolderFiles = Readonly<Record<string, Uint8Array | string | object>>;

/** Writes a model folder in the system's temporary folder. The caller removes it. */
export function writeModelFolder(files: FolderFiles): string {
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-test-"));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    const isRaw = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(path, isRaw ? content : JSON.stringify(content));
  }
  return folder;
}

/** Writes a model folder that goes when the test ends. */
export function temporaryModelFolder(files: FolderFiles): string {
  const folder = writeModelFolder(files);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
