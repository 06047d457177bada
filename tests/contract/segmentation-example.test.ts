import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { exampleDir, readSample, samplesOf } from "../support/examples.ts";
import { request } from "../support/http-client.ts";
import { startServer } from "../support/start-server.ts";

/** Asks for all samples in one request. */
async function ask<Prediction>(signature_name: string): Promise<Prediction[]> {
  const started = await startServer({ flags: [`--model-dir=${exampleDir("segmentation")}`] });
  onTestFinished(() => started.close());
  const instances = samplesOf("segmentation").map(({ file }) =>
    imageInstance(readSample("segmentation", file)),
  );
  const { json } = await request(`${started.url}/analyze:predict`, { body: { signature_name, instances } });
  return json.predictions as Prediction[];
}

describe("the segmentation example", () => {
  type Answered = { readonly truth: string; readonly answer: string; readonly mean_iou: number };

  test("colours each sample's ink as it was drawn and as the reference does, at the source's size", async () => {
    const answers = await ask<{ b64: string }>("mask_png");
    for (const [i, sample] of samplesOf<Answered>("segmentation").entries()) {
      const got = await colorsOf(Buffer.from(answers[i]?.b64 ?? "", "base64"));
      expect([got.width, got.height]).toEqual([sample.width, sample.height]);
      const truth = await colorsOf(readSample("segmentation", sample.truth));
      expect(meanIou(truth.colors, got.colors), sample.file).toBeCloseTo(sample.mean_iou, 2);
      expect(sample.mean_iou).toBeGreaterThanOrEqual(0.75);
      const reference = await colorsOf(readSample("segmentation", sample.answer));
      const differing = got.colors.filter((color, at) => color !== reference.colors[at]).length;
      // A doubtful pixel may turn over where another processor rounds otherwise.
      expect(differing / got.colors.length, sample.file).toBeLessThan(0.001);
    }
  });

  test("answers 255 where the crop cut off a picture's sides, and nowhere else", async () => {
    const masks = await ask<number[][]>("mask");
    const unseen = masks.map((mask) => mask.map((line) => line.filter((value) => value === 255).length));
    samplesOf("segmentation").forEach(({ width, height }, i) => {
      const count = unseen[i]?.reduce((sum, line) => sum + line, 0) ?? 0;
      const square = Math.min(width, height) ** 2;
      // A pixel that the crop's edge halves is seen or not, by its centre.
      expect(Math.abs(width * height - square - count)).toBeLessThanOrEqual(2 * Math.min(width, height));
    });
  });
});

/** Returns a picture's pixels as one number each. */
async function colorsOf(png: Buffer) {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const colors = Array.from({ length: info.width * info.height }, (_, i) => data.readUIntBE(3 * i, 3));
  return { colors, width: info.width, height: info.height };
}

/** The colour of class 255. */
const UNSEEN_COLOR = 0xe0e0c0;

/** Returns the mean over the classes of one of the two masks of the intersection over union, of what was seen. */
function meanIou(truth: readonly number[], got: readonly number[]): number {
  const seen = got.flatMap((color, at) => (color === UNSEEN_COLOR ? [] : [at]));
  const classes = new Set(seen.flatMap((at) => [truth[at], got[at]]));
  const ious = [...classes].map((color) => {
    const shared = seen.filter((at) => truth[at] === color && got[at] === color).length;
    return shared / seen.filter((at) => truth[at] === color || got[at] === color).length;
  });
  return ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
}
