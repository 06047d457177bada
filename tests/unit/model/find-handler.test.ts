import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { findHandler, utilsWarnings } from "../../../src/model/find-handler.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const HANDLER = { "handler.mjs": "" };

function find(modelDir: string, { utilsDir, version = "." }: { utilsDir?: string; version?: string } = {}) {
  return findHandler({ utilsDir, folder: join(modelDir, version), modelDir });
}

describe("findHandler", () => {
  test("returns none where there is none", () => {
    const empty = temporaryModelFolder({});
    expect(find(temporaryModelFolder({ "model.onnx": "" }), { utilsDir: empty })).toBeUndefined();
  });

  test("takes UTILS_DIR before the version's folder, and that before MODEL_DIR", () => {
    const utilsDir = temporaryModelFolder(HANDLER);
    const modelDir = temporaryModelFolder({ ...HANDLER, "1/handler.mjs": "" });
    const inUtils = { path: join(utilsDir, "handler.mjs"), origin: "UTILS_DIR/handler.mjs" };
    expect(find(modelDir, { utilsDir, version: "1" })).toEqual(inUtils);
    rmSync(inUtils.path);
    const inVersion = { path: join(modelDir, "1", "handler.mjs"), origin: "handler.mjs" };
    expect(find(modelDir, { utilsDir, version: "1" })).toEqual(inVersion);
    rmSync(inVersion.path);
    const inModelDir = { path: join(modelDir, "handler.mjs"), origin: "handler.mjs" };
    expect(find(modelDir, { version: "1" })).toEqual(inModelDir);
  });

  test("follows links that stay in the folder, as those of a Kubernetes volume", () => {
    const folder = temporaryModelFolder({ "..2026/handler.mjs": "" });
    symlinkSync("..2026", join(folder, "..data"));
    symlinkSync("..data/handler.mjs", join(folder, "handler.mjs"));
    expect(find(folder)).toMatchObject({ path: join(folder, "handler.mjs") });
  });

  test("refuses a link that leads out of its folder, or nowhere, and a folder", () => {
    const folder = temporaryModelFolder({});
    const path = join(folder, "handler.mjs");
    const refusal = () => {
      try {
        return find(folder);
      } catch (error) {
        expect(error).toBeInstanceOf(StartupError);
        return (error as Error).message.replaceAll(folder, "DIR");
      }
    };
    symlinkSync(join(temporaryModelFolder(HANDLER), "handler.mjs"), path);
    expect(refusal()).toMatch(/^DIR\/handler\.mjs is a link to a file outside DIR: copy/);
    rmSync(path);
    symlinkSync("nothing.mjs", path);
    expect(refusal()).toMatch(/^DIR\/handler\.mjs is a link to nothing: copy/);
    rmSync(path);
    mkdirSync(path);
    expect(refusal()).toMatch(/^DIR\/handler\.mjs is not a file: /);
  });

  test("refuses a UTILS_DIR that is no folder, and says which setting", () => {
    const modelDir = temporaryModelFolder(HANDLER);
    writeFileSync(join(modelDir, "file"), "");
    for (const name of ["file", "nothing"]) {
      expect(() => find(modelDir, { utilsDir: join(modelDir, name) })).toThrow(/is no folder: set UTILS_DIR/);
    }
  });
});

describe("utilsWarnings", () => {
  test("warns of a UTILS_DIR that holds something, but no handler", () => {
    expect(utilsWarnings(temporaryModelFolder({ "utils.py": "" }))).toEqual([
      expect.stringMatching(/^UTILS_DIR is not used: it holds no handler\.mjs/),
    ]);
    expect(utilsWarnings(temporaryModelFolder({}))).toEqual([]);
    expect(utilsWarnings(temporaryModelFolder({ ...HANDLER, "more.mjs": "" }))).toEqual([]);
    expect(utilsWarnings(undefined)).toEqual([]);
  });
});
