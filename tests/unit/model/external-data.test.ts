import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkExternalData } from "../../../src/model/external-data.ts";
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

describe("checkExternalData", () => {
  const check = (...locations: string[]) => checkExternalData({ modelDir: folder, modelFile, locations });

  test("accepts files beside the model, in folders below and behind links that stay inside", () => {
    mountVolume(folder, "model.onnx.data");
    mkdirSync(join(folder, "weights"));
    writeFileSync(join(folder, "weights", "0.bin"), "data");
    expect(
      check("model.onnx.data", "weights/0.bin", "./weights/../weights/0.bin", "..data/model.onnx.data"),
    ).toBe(undefined);
  });

  test("accepts a model without external data", () => {
    expect(check()).toBeUndefined();
  });

  test.each([
    ["leads up", "../secret"],
    ["leads up to where nothing is", "../none"],
    ["leads up after a folder", "weights/../../secret"],
    ["leads up after a link", "link/../secret"],
    ["is a link that leaves", "out"],
    ["is the folder", "."],
  ])("refuses a location that %s", (_, location) => {
    mkdirSync(join(folder, "weights"));
    mkdirSync(join(parent, "other"));
    symlinkSync("../other", join(folder, "link"));
    writeFileSync(join(folder, "secret"), "taken for it where link/.. is dropped");
    symlinkSync("../secret", join(folder, "out"));
    expect(refusal(() => check(location))).toMatch(
      /^model\.onnx keeps weights in ".*", outside the model's folder/,
    );
  });

  test.each([["/etc/passwd"], ["C:\\weights.bin"], ["\\\\host\\share\\weights.bin"]])(
    "refuses the absolute location %s",
    (location) => {
      expect(refusal(() => check(location))).toMatch(/an absolute path/);
    },
  );

  test.each([
    ["empty", ""],
    ["with a NUL", "a\0b"],
    ["with a new line", "a\nb"],
    ["an address", "*/_ORT_MEM_ADDR_/*"],
  ])("refuses a location that is no path: %s", (_, location) => {
    expect(refusal(() => check(location))).toMatch(/not a path/);
  });

  test("refuses a file that is missing, a directory, empty or a Git LFS pointer, with the remedy", () => {
    mkdirSync(join(folder, "directory"));
    writeFileSync(join(folder, "empty"), "");
    writeFileSync(join(folder, "pointer"), "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n");
    expect(refusal(() => check("none"))).toMatch(/"none", a file that does not exist: copy it/);
    expect(refusal(() => check("directory"))).toMatch(/not a file/);
    expect(refusal(() => check("empty"))).toMatch(/is empty/);
    expect(refusal(() => check("pointer"))).toMatch(/git lfs pull/);
  });

  test("says that a file is missing when the folder is a link", () => {
    symlinkSync("model", join(parent, "current"));
    const linked = join(parent, "current", "model.onnx");
    const options = { modelDir: join(parent, "current"), modelFile: linked, locations: ["none"] };
    expect(refusal(() => checkExternalData(options))).toMatch(/does not exist/);
  });

  test("names the first of several locations at fault", () => {
    writeFileSync(join(folder, "fine"), "data");
    expect(refusal(() => check("fine", "../secret", "/etc/passwd"))).toMatch(/"\.\.\/secret"/);
  });
});
