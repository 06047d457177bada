import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Lays files out in `folder` as Kubernetes mounts a volume: names → ..data → a dated folder. */
export function mountVolume(folder: string, ...names: string[]): void {
  mkdirSync(join(folder, "..2026_01_01"));
  symlinkSync("..2026_01_01", join(folder, "..data"));
  for (const name of names) {
    writeFileSync(join(folder, "..2026_01_01", name), "data");
    symlinkSync(join("..data", name), join(folder, name));
  }
}
