import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { beforeAll, describe, expect, test } from "vitest";
import { walkInputs } from "../../../src/cli/walk-inputs.ts";
import { UsageError } from "../../../src/errors.ts";

const NEVER = new AbortController().signal;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "walk-"));
  for (const name of ["sub/deep", ".hidden", "empty"]) mkdirSync(join(folder, name), { recursive: true });
  const files = ["b.PNG", "a.jpg", "notes.txt", "[odd].png", ".dot.png", "sub/c.tiff", "sub/deep/d.webp"];
  for (const name of [...files, ".hidden/e.png"]) writeFileSync(join(folder, name), "");
  symlinkSync("..", join(folder, "sub", "loop"));
});

async function walk(inputs: readonly string[], stdin: NodeJS.ReadableStream = Readable.from([])) {
  const names: string[] = [];
  for await (const name of walkInputs(inputs, { stdin, signal: NEVER }))
    names.push(name.replace(`${folder}/`, ""));
  return names;
}

describe("walkInputs", () => {
  test("takes the images of a folder and of those below it, in order, and nothing that is hidden", async () => {
    expect(await walk([folder])).toEqual(["[odd].png", "a.jpg", "b.PNG", "sub/c.tiff", "sub/deep/d.webp"]);
  });

  test("takes a file that is named, whatever it is called, also one that is not there", async () => {
    const named = ["notes.txt", "[odd].png", "missing.png"];
    expect(await walk(named.map((name) => join(folder, name)))).toEqual(named);
  });

  test("takes what a pattern matches", async () => {
    expect(await walk([join(folder, "**/*.{tiff,webp}")])).toEqual(["sub/c.tiff", "sub/deep/d.webp"]);
  });

  test("takes the lines of standard input for -", async () => {
    expect(await walk(["x.png", "-"], Readable.from(["a b.png\r\n\n", "c.p", "ng"]))).toEqual([
      "x.png",
      "a b.png",
      "c.png",
    ]);
  });

  test("stops reading standard input when aborted", async () => {
    const stdin = new PassThrough();
    const controller = new AbortController();
    const names = walkInputs(["-"], { stdin, signal: controller.signal });
    stdin.write("a.png\n");
    expect((await names.next()).value).toBe("a.png");
    const next = names.next();
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test.each(["empty", "*.nothing"])("refuses %s, which has no image", async (input) => {
    await expect(walk([join(folder, input)])).rejects.toBeInstanceOf(UsageError);
  });
});
