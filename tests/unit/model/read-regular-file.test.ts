import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRegularFile } from "../../../src/model/read-regular-file.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

describe("readRegularFile", () => {
  test("returns the bytes", () => {
    const folder = temporaryModelFolder({ "a.bin": Uint8Array.of(0, 255) });
    expect(readRegularFile(join(folder, "a.bin"), folder)).toEqual(Buffer.from([0, 255]));
  });

  test("returns undefined when there is no file", () => {
    const folder = temporaryModelFolder({});
    expect(readRegularFile(join(folder, "a.bin"), folder)).toBeUndefined();
  });

  test("refuses a directory", () => {
    const folder = temporaryModelFolder({});
    mkdirSync(join(folder, "a.bin"));
    expect(refusal(folder, () => readRegularFile(join(folder, "a.bin"), folder))).toBe(
      "a.bin is a directory: put the file itself there",
    );
  });

  test.skipIf(process.platform === "win32")("refuses a pipe, without waiting for a writer", () => {
    const folder = temporaryModelFolder({});
    execFileSync("mkfifo", [join(folder, "a.bin")]);
    expect(refusal(folder, () => readRegularFile(join(folder, "a.bin"), folder))).toBe(
      "a.bin is not a regular file: put the file itself there",
    );
  });

  test("refuses what the system does not let it read", () => {
    const folder = temporaryModelFolder({ "a.bin": "a" });
    expect(refusal(folder, () => readRegularFile(join(folder, "a.bin", "b.bin"), folder))).toBe(
      "a.bin/b.bin can't be read (ENOTDIR): check its owner and permissions",
    );
  });
});
