import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { EXAMPLE_NAMES, type ExampleName, exampleDir, readSample, samplesOf } from "../support/examples.ts";
import { request } from "../support/http-client.ts";
import { startServer } from "../support/start-server.ts";

async function serve(name: ExampleName): Promise<string> {
  const started = await startServer({ flags: [`--model-dir=${exampleDir(name)}`] });
  onTestFinished(() => started.close());
  return `${started.url}/analyze:predict`;
}

/** Asks for all samples in one request. */
async function ask<Prediction>(
  predictUrl: string,
  name: ExampleName,
  signature_name: string,
): Promise<Prediction[]> {
  const instances = samplesOf(name).map(({ file }) => imageInstance(readSample(name, file)));
  const { json } = await request(predictUrl, { body: { signature_name, instances } });
  return json.predictions as Prediction[];
}

describe("the detection example", () => {
  type Find = { label: string; class: number; score: number; box: [number, number, number, number] };
  type Answered = { readonly answer: Find[] };

  test("finds every drawn digit and nothing else, at an overlap of half or more", async () => {
    const answers = await ask<Find[]>(await serve("detection"), "detection", "boxes");
    samplesOf("detection").forEach(({ file, digits }, i) => {
      const found = answers[i] ?? [];
      expect(found, file).toHaveLength(digits.length);
      for (const digit of digits) {
        const match = found.filter(({ label, box }) => label === digit.label && iou(box, digit.box) >= 0.5);
        expect(match, `${file}: ${digit.label}`).toHaveLength(1);
      }
    });
  });

  test("answers the reference's boxes, in pixels of sources of other sizes and aspects", async () => {
    const answers = await ask<Find[]>(await serve("detection"), "detection", "boxes");
    const samples = samplesOf<Answered>("detection");
    expect(samples.map(({ width, height }) => `${width}x${height}`)).toContain("640x416");
    samples.forEach(({ file, answer }, i) => {
      const found = answers[i] ?? [];
      expect(found.map(({ label, class: index }) => [label, index])).toEqual(
        answer.map(({ label, class: index }) => [label, index]),
      );
      answer.forEach(({ score, box }, at) => {
        expect(found[at]?.score).toBeCloseTo(score, 3);
        box.forEach((edge, side) => {
          expect(Math.abs((found[at]?.box[side] ?? 0) - edge), file).toBeLessThan(0.1);
        });
      });
    });
  });
});

function iou(a: readonly number[], b: readonly number[]): number {
  const [ax1 = 0, ay1 = 0, ax2 = 0, ay2 = 0] = a;
  const [bx1 = 0, by1 = 0, bx2 = 0, by2 = 0] = b;
  const shared =
    Math.max(0, Math.min(ax2, bx2) - Math.max(ax1, bx1)) *
    Math.max(0, Math.min(ay2, by2) - Math.max(ay1, by1));
  return shared / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared);
}

describe("the multi-label example", () => {
  test("names the digits that were drawn, and no others", async () => {
    const answers = await ask<string[]>(await serve("multi-label"), "multi-label", "label");
    const drawn = samplesOf("multi-label").map(({ digits }) => new Set(digits.map(({ label }) => label)));
    expect(answers.map((labels) => new Set(labels))).toEqual(drawn);
  });

  test("answers the reference's probabilities", async () => {
    const answers = await ask<number[]>(await serve("multi-label"), "multi-label", "scores");
    samplesOf<{ readonly answer: number[] }>("multi-label").forEach(({ answer }, i) => {
      answer.forEach((score, digit) => {
        expect(answers[i]?.[digit]).toBeCloseTo(score, 3);
      });
    });
  });
});

const read = (name: ExampleName, file: string) => readFileSync(join(exampleDir(name), file), "utf8");

describe("an example's README", () => {
  test.each(EXAMPLE_NAMES)("states the figures that were measured through the server: %s", (name) => {
    const { served, reference } = JSON.parse(read(name, "metrics.json")) as Record<string, Figures>;
    const stated = [...read(name, "README.md").matchAll(/^\| .+ \| ([\d.]+)% \| ([\d.]+)% \|$/gm)];
    const measured = Object.keys(served ?? {}).filter((figure) => typeof served?.[figure] === "number");
    expect(stated.map((row) => [Number(row[1]), Number(row[2])])).toEqual(
      measured.map((figure) => [percent(served?.[figure]), percent(reference?.[figure])]),
    );
  });

  test.each(["detection", "multi-label"] as const)("states what its command answers: %s", async (name) => {
    const readme = read(name, "README.md");
    const predictUrl = await serve(name);
    const [, command = ""] = /```sh\n(curl[\s\S]*?)```/.exec(readme) ?? [];
    const [, file = ""] = /examples\/[\w-]+\/samples\/(\d+\.jpg)/.exec(command) ?? [];
    const [, written = ""] = /```json.*\n([\s\S]*?)```/.exec(readme) ?? [];
    const { json } = await request(predictUrl, { body: readSample(name, file) });
    expectAlike(json, JSON.parse(written));
  });
});

type Figures = Readonly<Record<string, number | object>>;

const percent = (share: number | object | undefined) => Number((100 * Number(share)).toFixed(2));

/** Compares two answers; numbers to the digits that another processor may change. */
function expectAlike(got: unknown, written: unknown): void {
  if (typeof written === "number") expect(got).toBeCloseTo(written, 2);
  else if (typeof written !== "object" || written === null) expect(got).toEqual(written);
  else {
    expect(Object.keys(got as object)).toEqual(Object.keys(written));
    for (const [key, value] of Object.entries(written))
      expectAlike((got as Record<string, unknown>)[key], value);
  }
}
