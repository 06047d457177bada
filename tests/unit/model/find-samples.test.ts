import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findSamples } from "../../../src/model/find-samples.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const namesIn = (files: Parameters<typeof temporaryModelFolder>[0]) =>
  findSamples(temporaryModelFolder(files)).map(({ name }) => name);

describe("findSamples", () => {
  test("finds the images of samples/, numbers by their value", () => {
    const files = {
      "samples/10.png": "",
      "samples/2.JPG": "",
      "samples/b.webp": "",
      "samples/notes.txt": "",
    };
    expect(namesIn(files)).toEqual(["2.JPG", "10.png", "b.webp"]);
  });

  test("takes a name with a second dot for what belongs to a sample", () => {
    expect(namesIn({ "samples/1.jpg": "", "samples/1.answer.png": "", "samples/.hidden.png": "" })).toEqual([
      "1.jpg",
    ]);
  });

  test("takes the golden pair's image where there are no samples", () => {
    expect(namesIn({ "golden/scene.jpg": "", "golden/expected.json": "" })).toEqual(["scene.jpg"]);
    expect(namesIn({ "golden/scene.jpg": "", "samples/1.jpg": "" })).toEqual(["1.jpg"]);
  });

  test("finds nothing in a folder without either", () => {
    expect(namesIn({})).toEqual([]);
  });

  test("leaves out folders, broken links and links out of the model's folder", () => {
    const outside = temporaryModelFolder({ "secret.png": "secret" });
    const folder = temporaryModelFolder({ "samples/own.png": "", "store/kept.png": "" });
    mkdirSync(join(folder, "samples/folder.png"));
    symlinkSync(join(outside, "secret.png"), join(folder, "samples/secret.png"));
    symlinkSync("nothing.png", join(folder, "samples/broken.png"));
    symlinkSync("../store/kept.png", join(folder, "samples/linked.png"));
    expect(findSamples(folder).map(({ name }) => name)).toEqual(["linked.png", "own.png"]);
  });

  test("takes no more than people choose from", () => {
    const files = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`samples/${i}.png`, ""]));
    expect(namesIn(files)).toEqual(Array.from({ length: 24 }, (_, i) => `${i}.png`));
  });
});
