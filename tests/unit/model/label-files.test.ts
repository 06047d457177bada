import { describe, expect, test } from "vitest";
import { labelsByIndex, parseLabelLines, readLabelFile } from "../../../src/model/label-files.ts";
import { type FolderFiles, temporaryModelFolder } from "../../support/model-folder.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const read = (files: FolderFiles) => readLabelFile(temporaryModelFolder(files));

function refused(files: FolderFiles): string {
  const folder = temporaryModelFolder(files);
  return refusal(folder, () => readLabelFile(folder));
}

describe("readLabelFile", () => {
  test("returns undefined when there is no label file", () => {
    expect(read({ "config.json": {} })).toBeUndefined();
  });

  test.each<[string, string, string | object]>([
    ["names by index", "index_to_name.json", { "0": "cat", "1": "dog" }],
    ["names by index, in any order", "index_to_name.json", { "1": "dog", "0": "cat" }],
    ["names of object types", "index_to_name.json", { object_type_names: ["cat", "dog"] }],
    ["identifiers and names", "index_to_name.json", { "0": ["n01", "cat"], "1": ["n02", "dog"] }],
    ["a line each", "labels.txt", "cat\ndog\n"],
    ["a line each", "classes.txt", "cat\ndog"],
  ])("reads %s from %s", (_, name, content) => {
    expect(read({ [name]: content })).toEqual({ origin: name, values: { labels: ["cat", "dog"] } });
  });

  test("takes index_to_name.json before labels.txt before classes.txt", () => {
    const lines = { "classes.txt": "c", "labels.txt": "l" };
    expect(read({ ...lines, "index_to_name.json": { "0": "i" } })?.values.labels).toEqual(["i"]);
    expect(read(lines)?.values.labels).toEqual(["l"]);
  });

  test.each<[string, string | object, string | RegExp]>([
    ["a gap", { "0": "cat", "2": "dog" }, "index_to_name.json: 2 labels, but none for index 1"],
    ["indices from one", { "1": "cat", "2": "dog" }, "index_to_name.json: 2 labels, but none for index 0"],
    ["a list", ["cat", "dog"], /^index_to_name\.json: /],
    ["a number for a name", { "0": 7 }, /^index_to_name\.json: 0: /],
    ["no JSON", "cat\ndog\n", /^index_to_name\.json is not valid JSON: /],
  ])("refuses %s", (_, content, line) => {
    expect(refused({ "index_to_name.json": content })).toMatch(line);
  });
});

describe("parseLabelLines", () => {
  test.each([
    ["line feeds", "cat\ndog\n", ["cat", "dog"]],
    ["carriage returns", "cat\r\ndog\r\n", ["cat", "dog"]],
    ["spaces around a name, and inside", "  tabby cat \n dog\t", ["tabby cat", "dog"]],
    ["empty lines at the end", "cat\ndog\n\n\n", ["cat", "dog"]],
    ["an empty line inside, which has an index too", "cat\n\ndog", ["cat", "", "dog"]],
    ["other scripts", "Größe\n大\n", ["Größe", "大"]],
  ])("reads %s", (_, text, labels) => {
    expect(parseLabelLines(text)).toEqual(labels);
  });

  test("finds no label in a file of white space", () => {
    expect(parseLabelLines("\n \n")).toEqual([]);
  });
});

describe("labelsByIndex", () => {
  test("orders by number, not by text", () => {
    const byIndex = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [String(11 - i), `c${11 - i}`]));
    expect(labelsByIndex("x", byIndex).slice(9)).toEqual(["c9", "c10", "c11"]);
  });

  test.each([
    ["01", { "0": "a", "01": "b" }],
    ["a word", { "0": "a", cat: "b" }],
    ["a negative number", { "0": "a", "-1": "b" }],
  ])("takes %s for no index", (_, byIndex) => {
    expect(refusal("-", () => labelsByIndex("x.json", byIndex))).toBe(
      "x.json: 2 labels, but none for index 1",
    );
  });
});
