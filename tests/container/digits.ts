import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Jimp } from "jimp";
import { REPOSITORY } from "./images.ts";

const SHUFFLED = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7];

/** Sends the ten digits, shuffled, and asserts that the ten right classes come back in that order. */
export async function assertDigits(url: string): Promise<void> {
  assert.deepEqual(await classify(url, SHUFFLED.map(digitPng)), SHUFFLED);
}

/** The same for one digit as a BMP, which another decoder reads: jimp, loaded with the first of them. */
export async function assertBmpDigit(url: string): Promise<void> {
  const digit = await Jimp.read(digitPng(4));
  assert.deepEqual(await classify(url, [await digit.getBuffer("image/bmp")]), [4]);
}

/** Sends one digit and returns the predictions. */
export function postDigit(url: string, digit: number): Promise<unknown> {
  return classify(url, [digitPng(digit)]);
}

async function classify(url: string, images: readonly Buffer[]): Promise<unknown> {
  const answer = await fetch(`${url}/analyze:predict`, {
    method: "POST",
    body: JSON.stringify({ instances: images.map((image) => ({ b64: image.toString("base64") })) }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return (JSON.parse(text) as { predictions: unknown }).predictions;
}

/** Returns the sample of a digit, 0 to 9. */
export function digitPng(digit: number): Buffer {
  return readFileSync(join(REPOSITORY, `model_dir/samples/${digit}.png`));
}
