import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { decodeGif } from "../../../src/image/decode-gif.ts";
import { repeatGifFrame } from "../../support/images/animations.ts";
import { headers } from "./encoded-headers.ts";

/** A frame of palette indexes 0 and 1 (black and red), in codes of 3 bits, the size of a byte each. */
function gifOfCodes(
  codes: readonly number[],
  frame: { height: number; width: number; interlaced?: boolean },
): Buffer {
  const head = headers.gif([frame.width, frame.height], [0, 0, frame.width, frame.height]);
  head.set([0, 0, 0, 255, 0, 0], 13);
  head.writeUInt8(frame.interlaced ? 0x40 : 0, 28);
  // Two bits an index make codes of three; a clear code before each keeps them so.
  const bits = codes.flatMap((code) => [4, code]).flatMap((code) => [code & 1, (code >> 1) & 1, code >> 2]);
  const bytes = Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    bits.slice(i * 8, i * 8 + 8).reduce((byte, bit, place) => byte | (bit << place), 0),
  );
  return Buffer.concat([head.subarray(0, 29), Buffer.from([2, bytes.length, ...bytes, 0, 0x3b])]);
}

const reds = (gif: Buffer): number[] => [...decodeGif(gif).data].filter((_, i) => i % 3 === 0);

describe("decodeGif", () => {
  test("reads rows in order", () => {
    expect(reds(gifOfCodes([0, 1, 1, 1], { height: 2, width: 2 }))).toEqual([0, 255, 255, 255]);
  });

  test("puts interlaced rows in their places", () => {
    // Of five rows the first pass has row 0, the second row 4, the third row 2, the last rows 1 and 3.
    const gif = gifOfCodes([1, 0, 0, 1, 0], { height: 5, width: 1, interlaced: true });
    expect(reds(gif)).toEqual([255, 255, 0, 0, 0]);
  });

  test("gives libvips' pixels of an opaque picture of 256 colours", async () => {
    const size = { height: 90, width: 130, channels: 3 } as const;
    const pixels = Buffer.alloc(90 * 130 * 3).map((_, i) => (i * i * 31 + (i >> 3)) % 256);
    const gif = await sharp(pixels, { raw: size }).gif({ dither: 0 }).toBuffer();
    // Closed in the server, and in whatever shares its process.
    sharp.unblock({ operation: ["VipsForeignLoadNsgif"] });
    onTestFinished(() => sharp.block({ operation: ["VipsForeignLoadNsgif"] }));
    const { data } = await sharp(gif).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(Buffer.compare(decodeGif(gif).data, data)).toBe(0);
  });

  test.each([
    ["end before the last pixel", gifOfCodes([1, 1, 1, 5], { height: 2, width: 2 })],
    ["have a code that is none", gifOfCodes([1, 1, 6, 1], { height: 2, width: 2 })],
    ["are cut off", gifOfCodes([1, 1, 1, 1], { height: 2, width: 2 }).subarray(0, 32)],
    ["are missing", gifOfCodes([1, 1, 1, 1], { height: 2, width: 2 }).subarray(0, 29)],
  ])("says INVALID_IMAGE where its data %s", (_, gif) => {
    expect(() => decodeGif(gif)).toThrow(expect.objectContaining({ code: "INVALID_IMAGE" }));
  });

  test("reads the first frame alone of ten thousand, whatever follows it", () => {
    const still = gifOfCodes([0, 1, 1, 1], { height: 2, width: 2 });
    const many = repeatGifFrame(still, 10_000);
    expect(decodeGif(many)).toEqual(decodeGif(still));
    expect(decodeGif(many.fill(0xff, still.length))).toEqual(decodeGif(still));
  });
});
