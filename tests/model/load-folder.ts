import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, onTestFinished } from "vitest";
import { parseSettings } from "../../src/config/parse-settings.ts";
import { StartupError } from "../../src/errors.ts";
import { ImagePool } from "../../src/image-workers/image-pool.ts";
import { type LoadedServable, loadServable } from "../../src/load-servable.ts";
import { WorkerSession } from "../../src/runtime/worker-session.ts";
import type { Servable } from "../../src/servable.ts";
import { digitPng } from "../support/digits.ts";
import { type FolderFiles, temporaryModelFolder } from "../support/model-folder.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

// The sessions' threads take this from the environment, before the native library initialises.
process.env.ORT_DISABLE_TELEMETRY = "1";

const imagePool = new ImagePool({ workers: 1, maxImagePixels: 1e6, imageTimeoutMs: 30_000 });
afterAll(() => imagePool.close());

/** Sessions that were started and not closed. */
let openSessions = 0;

/** Loads a model folder with real workers. The caller closes the session. */
export function load(folder: string, ...flags: string[]): Promise<LoadedServable> {
  return loadServable({
    settings: parseSettings([`--model-dir=${folder}`, ...flags], {}),
    imagePool,
    cpus: 1,
    cuda: { devices: [0], areNamed: false },
    startSession: async ({ path: modelPath }, place) => {
      const session = await WorkerSession.start({ modelPath, ...place, device: "cpu" });
      openSessions += 1;
      const close = async () => {
        openSessions -= 1;
        await session.close();
      };
      return { info: session.info, run: (feed) => session.run(feed), close };
    },
  });
}

/** Loads a folder of these files, whose session is closed when the test ends. */
export async function served(files: FolderFiles, ...flags: string[]): Promise<Servable> {
  const { servable, session } = await load(temporaryModelFolder(files), ...flags);
  onTestFinished(() => session.close());
  return servable;
}

/** Returns the one line that a folder is refused with, its own path cut out; no session may be left open. */
export async function refusedIn(folder: string, ...flags: string[]): Promise<string> {
  const before = openSessions;
  const thrown = await load(folder, ...flags).then(
    ({ session }) => session.close().then(() => "nothing was refused"),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(StartupError);
  const { message } = thrown as StartupError;
  expect(message).toMatch(/^[^\n]+$/);
  expect(openSessions).toBe(before);
  return message.replaceAll(`${folder}/`, "");
}

/** As {@link refusedIn}, of a folder of these files. */
export function refused(files: FolderFiles, ...flags: string[]): Promise<string> {
  return refusedIn(temporaryModelFolder(files), ...flags);
}

/** Makes a copy of the repository's digits in which one file is another. */
export function digitsWith(name: string, change: (text: string) => string): string {
  const folder = temporaryModelFolder({});
  cpSync(DIGITS_DIR, folder, { recursive: true });
  writeFileSync(join(folder, name), change(readFileSync(join(folder, name), "utf8")));
  return folder;
}

/** Returns the files of a golden pair that expects these outputs of the digit 0. */
export function golden(outputs: object): FolderFiles {
  return {
    "golden/expected.json": { image: "image.png", outputs, tolerance: 1e-4 },
    "golden/image.png": digitPng(0),
  };
}
