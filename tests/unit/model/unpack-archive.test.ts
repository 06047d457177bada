import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { unpackArchive } from "../../../src/model/unpack-archive.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { type ZipEntry, zip } from "../../support/zip.ts";

function write(entries: readonly ZipEntry[] | Buffer): string {
  const path = join(temporaryModelFolder({}), "a.mar");
  writeFileSync(path, Buffer.isBuffer(entries) ? entries : zip(entries));
  return path;
}

async function unpack(entries: readonly ZipEntry[] | Buffer, maxBytes = 1e6): Promise<string> {
  const folder = await unpackArchive(write(entries), maxBytes);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("unpackArchive", () => {
  let temporary = "";
  beforeEach(() => {
    temporary = temporaryModelFolder({});
    vi.stubEnv("TMPDIR", temporary);
  });
  afterEach(() => vi.unstubAllEnvs());

  test("writes the files and folders, deflated or stored", async () => {
    const folder = await unpack([
      { name: "model.onnx", content: "weights" },
      { name: "MAR-INF/", content: "" },
      { name: "MAR-INF/MANIFEST.json", content: "{}", isStored: true },
    ]);
    expect(readFileSync(join(folder, "model.onnx"), "utf8")).toBe("weights");
    expect(readFileSync(join(folder, "MAR-INF/MANIFEST.json"), "utf8")).toBe("{}");
  });

  test.each([
    ["leads out of the folder", [{ name: "../evil", content: "x" }], "invalid relative path"],
    ["leads out of it further in", [{ name: "a/../../evil", content: "x" }], "invalid relative path"],
    ["is absolute", [{ name: "/etc/evil", content: "x" }], "absolute path"],
    ["is one of Windows", [{ name: "..\\evil", content: "x" }], "invalid characters"],
    ["names a drive", [{ name: "C:/evil", content: "x" }], "absolute path"],
    [
      "is there twice",
      [
        { name: "a", content: "x" },
        { name: "a", content: "y" },
      ],
      "EEXIST",
    ],
    [
      "is a file and a folder",
      [
        { name: "a", content: "x" },
        { name: "a/b", content: "y" },
      ],
      "can't be unpacked",
    ],
  ])("refuses a name that %s, and leaves nothing behind", async (_, entries, text) => {
    const path = write(entries);
    await expect(unpackArchive(path, 1e6)).rejects.toThrow(text);
    expect(readdirSync(temporary)).toEqual([basename(dirname(path))]);
  });

  test.each([
    ["a link", { mode: 0o120777 }, "no regular file"],
    ["a device", { mode: 0o060666 }, "no regular file"],
    ["an encrypted file", { isEncrypted: true }, "can't be unpacked"],
    ["a file that is longer than it claims", { claimedBytes: 3 }, "can't be unpacked"],
    ["a file that is shorter than it claims", { claimedBytes: 30 }, "can't be unpacked"],
    ["a file that claims more than the limit", { claimedBytes: 2e6 }, "MAX_ARCHIVE_BYTES (1000000)"],
  ])("refuses %s", async (_, more, text) => {
    await expect(unpack([{ name: "a", content: "0123456789", ...more }])).rejects.toThrow(text);
  });

  test("refuses files that are more than the limit together", async () => {
    const entries = ["a", "b", "c"].map((name) => ({ name, content: Buffer.alloc(400_000) }));
    await expect(unpack(entries)).rejects.toThrow("MAX_ARCHIVE_BYTES");
    await expect(unpack(entries.slice(1))).resolves.toBeTypeOf("string");
  });

  test("refuses more than 10,000 files", async () => {
    const entries = Array.from({ length: 10_001 }, (_, i) => ({
      name: `${i}/`,
      content: "",
      isStored: true,
    }));
    await expect(unpack(entries)).rejects.toThrow("more than 10000 files");
  });

  test.each([
    ["no zip file", Buffer.from("not a zip file, whatever its name says")],
    ["nothing", Buffer.alloc(0)],
    ["half of one", zip([{ name: "a", content: "0123456789" }]).subarray(0, 60)],
  ])("refuses %s", async (_, bytes) => {
    await expect(unpack(bytes)).rejects.toThrow("can't be unpacked");
  });
});
