import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./images.ts";

const NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const SHUFFLED = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7];

/** Sends the ten digits, out of order, and asserts that ten right names come back in that order. */
export async function assertDigits(url: string): Promise<void> {
  const answer = await predict(url, SHUFFLED.map(digitPng));
  const names = answer.predictions.map((scores) => Object.entries(scores).sort(([, a], [, b]) => b - a)[0]?.[0]);
  assert.deepEqual(
    names,
    SHUFFLED.map((digit) => NAMES[digit]),
  );
}

/** Sends one digit as a BMP, which another decoder reads. */
export async function assertBmpDigit(url: string): Promise<void> {
  const { default: sharp } = await import("sharp");
  const { data, info } = await sharp(digitPng(4)).removeAlpha().toColourspace("srgb").raw().toBuffer({
    resolveWithObject: true,
  });
  assert.equal(info.channels, 3);
  const answer = await predict(url, [toBmp(data, info.width, info.height)]);
  const [scores = {}] = answer.predictions;
  assert.equal(Object.entries(scores).sort(([, a], [, b]) => b - a)[0]?.[0], "four");
}

async function predict(url: string, images: readonly Buffer[]) {
  const answer = await fetch(`${url}/analyze:predict`, {
    method: "POST",
    body: JSON.stringify({ instances: images.map((image) => ({ b64: image.toString("base64") })) }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text) as { predictions: Record<string, number>[] };
}

function digitPng(digit: number): Buffer {
  return readFileSync(join(REPOSITORY, `model_dir/samples/${digit}.png`));
}

/** Writes 24-bit RGB as a top-down BMP. */
function toBmp(rgb: Buffer, width: number, height: number): Buffer {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const bmp = Buffer.alloc(54 + stride * height);
  bmp.write("BM");
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(width, 18);
  bmp.writeInt32LE(-height, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * 3;
      bmp.set([rgb[from + 2] ?? 0, rgb[from + 1] ?? 0, rgb[from] ?? 0], 54 + y * stride + x * 3);
    }
  }
  return bmp;
}
