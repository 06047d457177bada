import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTextFile } from "../../../src/model/read-text-file.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

function inFile<Result>(content: Uint8Array | string, act: (path: string, folder: string) => Result): Result {
  const folder = temporaryModelFolder({ "a.txt": content });
  return act(join(folder, "a.txt"), folder);
}

describe("readTextFile", () => {
  test("returns undefined when there is no file", () => {
    const folder = temporaryModelFolder({});
    expect(readTextFile(join(folder, "a.txt"), folder)).toBeUndefined();
  });

  test.each([
    ["letters of any script", "Größe\n大\n", "Größe\n大\n"],
    ["nothing", "", ""],
    ["a byte order mark, which it takes off", "\uFEFFcat\n", "cat\n"],
  ])("returns %s", (_, content, text) => {
    expect(inFile(content, readTextFile)).toBe(text);
  });

  test.each([
    ["Latin-1", Buffer.from("Größe", "latin1")],
    ["UTF-16", Buffer.from("\uFEFF{}", "utf16le")],
  ])("refuses %s", (_, content) => {
    const line = inFile(content, (path, folder) => refusal(folder, () => readTextFile(path, folder)));
    expect(line).toBe("a.txt is not UTF-8 text: save it as UTF-8");
  });
});
