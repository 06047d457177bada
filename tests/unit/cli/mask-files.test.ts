import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MaskFiles } from "../../../src/cli/mask-files.ts";

const prediction = JSON.stringify({ b64: Buffer.from("mask").toString("base64") });

describe("MaskFiles", () => {
  test.each([
    ["a.jpg", "a.jpg.png"],
    ["x/y/a.jpg", "x/y/a.jpg.png"],
    ["/x/a.jpg", "x/a.jpg.png"],
    ["../a.jpg", "__/a.jpg.png"],
    ["x/../../../etc/a.jpg", "__/__/etc/a.jpg.png"],
  ])("writes the mask of %s below its folder, to %s", async (name, expected) => {
    const folder = mkdtempSync(join(tmpdir(), "masks-"));
    const file = await new MaskFiles(folder).write({ name, prediction });
    expect(file).toBe(join(folder, expected));
    expect(readFileSync(file, "utf8")).toBe("mask");
  });

  test.each(["7", "null", '{"b64": 1}', "[]"])("refuses %s, which is no mask", async (other) => {
    const folder = mkdtempSync(join(tmpdir(), "masks-"));
    const written = new MaskFiles(folder).write({ name: "a.jpg", prediction: other });
    await expect(written).rejects.toMatchObject({ code: "BAD_ANSWER" });
    expect(existsSync(join(folder, "a.jpg.png"))).toBe(false);
  });
});
