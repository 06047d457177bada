import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { csvForm } from "../../../src/cli/csv-form.ts";
import { Journal } from "../../../src/client/journal.ts";

const ERROR = { code: "INVALID_IMAGE", message: 'got "<html>", or so' };

describe("csvForm", () => {
  test.each([
    ["7", "a.png,7,\n"],
    ['"seven"', "a.png,seven,\n"],
    ["[0.5,0.25]", 'a.png,"[0.5,0.25]",\n'],
    ["null", "a.png,,\n"],
  ])("writes the prediction %s in one cell", (prediction, expected) => {
    const form = csvForm(undefined, false);
    expect(form.head).toBe("image,prediction,error\n");
    expect(form.write({ name: "a.png", prediction })).toBe(expected);
  });

  test("writes a row for each entry of top_k", () => {
    const form = csvForm("top_k", false);
    expect(form.head).toBe("image,rank,label,class,score,error\n");
    const prediction = '[{"label":"cat","class":1,"score":0.9},{"class":0,"score":0.1}]';
    expect(form.write({ name: "a", prediction })).toBe("a,1,cat,1,0.9,\na,2,,0,0.1,\n");
  });

  test("writes a row for each box, and one for an image without any", () => {
    const form = csvForm("boxes", false);
    const box = '{"label":"car","class":2,"score":0.5,"box":[1,2,3.5,4]}';
    expect(form.write({ name: "a", prediction: `[${box}]` })).toBe("a,1,car,2,0.5,1,2,3.5,4,\n");
    expect(form.write({ name: "a", prediction: "[]" })).toBe("a,,,,,,,,,\n");
  });

  test("names the file of a mask", () => {
    const form = csvForm("mask_png", true);
    expect(form.head).toBe("image,mask,error\n");
    expect(form.write({ name: "a", prediction: '{"b64":""}' }, "m/a.png")).toBe("a,m/a.png,\n");
  });

  test.each(["class", "top_k", "boxes"])("finds the records of %s again, failed or not", (signature) => {
    const form = csvForm(signature, false);
    const name = 'odd "name",\n.png';
    const records = (text: string) => text.slice(0, -1);
    const good = form.write({ name, prediction: signature === "class" ? "1" : "[]" });
    expect(form.read(records(good))).toEqual({ key: name, isDone: true });
    const failed = form.write({ name, error: ERROR });
    expect(form.read(records(failed))).toEqual({ key: name, isDone: false });
  });

  test.each(["top_k", "boxes"])(
    "takes the last image of %s for unfinished when resumed",
    async (signature) => {
      const form = csvForm(signature, false);
      const path = join(mkdtempSync(join(tmpdir(), "csv-form-")), "results.csv");
      const prediction = '[{"label":"a","box":[1,2,3,4]},{"label":"b","box":[1,2,3,4]}]';
      const records = ["one", "two"].map((name) => form.write({ name, prediction }));
      // Killed between the rows of the second image.
      writeFileSync(path, `${form.head}${records[0]}${records[1]?.split("\n")[0]}\n`);
      const journal = await Journal.open(path, form, true);
      await journal.close();
      expect([...journal.done]).toEqual(["one"]);
      expect(readFileSync(path, "utf8")).toBe(`${form.head}${records[0]}`);
    },
  );

  test("knows no record without a comma", () => {
    expect(csvForm("class", false).read("shopping list")).toBeUndefined();
  });
});
