import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkInFolder } from "../../../src/model/check-in-folder.ts";
import { mountVolume } from "../../support/mount-volume.ts";
import { refusal as refusalIn } from "../../support/onnx/refusal.ts";

/** A folder for the model, and a secret beside it. */
let parent = "";
let folder = "";
let modelFile = "";
beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), "external-data-")));
  folder = join(parent, "model");
  modelFile = join(folder, "model.onnx");
  mkdirSync(folder);
  writeFileSync(join(parent, "secret"), "secret");
});
afterEach(() => rmSync(parent, { recursive: true }));

const refusal = (act: () => void) => refusalIn(folder, act);

describe("checkInFolder", () => {
  test("accepts a plain file, and one in a folder of the folder", () => {
    mkdirSync(join(folder, "1"));
    writeFileSync(modelFile, "");
    writeFileSync(join(folder, "1", "model.onnx"), "");
    expect(checkInFolder(folder, modelFile)).toBeUndefined();
    expect(checkInFolder(folder, join(folder, "1", "model.onnx"))).toBeUndefined();
  });

  test("accepts links that stay inside the folder", () => {
    mountVolume(folder, "model.onnx");
    expect(checkInFolder(folder, modelFile)).toBeUndefined();
  });

  test("accepts a folder that is itself a link", () => {
    writeFileSync(modelFile, "");
    symlinkSync("model", join(parent, "current"));
    expect(checkInFolder(join(parent, "current"), join(parent, "current", "model.onnx"))).toBeUndefined();
  });

  test.each([
    ["relative", "../secret"],
    ["to a folder whose name begins alike", "../model-2/model.onnx"],
  ])("refuses a link that leaves the folder: %s", (_, target) => {
    mkdirSync(join(parent, "model-2"));
    writeFileSync(join(parent, "model-2", "model.onnx"), "");
    symlinkSync(target, modelFile);
    expect(refusal(() => checkInFolder(folder, modelFile))).toMatch(
      /^model\.onnx is a link .*outside.*cp -L/,
    );
  });

  test("refuses a file that is missing, and a link to nothing", () => {
    expect(refusal(() => checkInFolder(folder, modelFile))).toMatch(/^model\.onnx does not exist/);
    symlinkSync("gone", modelFile);
    expect(refusal(() => checkInFolder(folder, modelFile))).toMatch(/^model\.onnx is a link to nothing/);
  });

  test("accepts the links of a Hugging Face cache's snapshot to its blobs, and to nothing else beside it", () => {
    const snapshot = join(parent, "models--a--b", "snapshots", "1f3c");
    const file = join(snapshot, "onnx", "model.onnx");
    const linkTo = (target: string) => {
      rmSync(file, { force: true });
      symlinkSync(target, file);
    };
    mkdirSync(join(snapshot, "onnx"), { recursive: true });
    mkdirSync(join(parent, "models--a--b", "blobs"));
    writeFileSync(join(parent, "models--a--b", "blobs", "5a"), "");
    writeFileSync(join(parent, "models--a--b", "secret"), "");
    linkTo("../../../blobs/5a");
    expect(checkInFolder(snapshot, file)).toBeUndefined();
    for (const target of ["../../../secret", "../../../../secret", "../../../blobs"]) {
      linkTo(target);
      expect(refusal(() => checkInFolder(snapshot, file))).toMatch(/is a link .*outside/);
    }
  });

  test("accepts no links to a folder blobs that belongs to no cache", () => {
    mkdirSync(join(parent, "blobs"));
    writeFileSync(join(parent, "blobs", "5a"), "");
    symlinkSync("../blobs/5a", modelFile);
    expect(refusal(() => checkInFolder(folder, modelFile))).toMatch(/is a link .*outside/);
  });
});
