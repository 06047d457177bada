import { describe, expect, test } from "vitest";
import { decodeImage } from "../../src/image/decode.ts";
import { expectSame, readImage, references } from "./references.ts";

const SHARES = [0.1, 0.5, 0.9, 0.99];

describe("decodeImage", () => {
  test.each(references.decode)(
    "refuses $file cut off anywhere, or gives all of its pixels",
    async (whole) => {
      const bytes = readImage(whole.file);
      for (const share of SHARES) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        const decoded = await decodeImage(cut, { color: "RGB", maxImagePixels: 1_000_000 }).catch(
          (error) => error,
        );
        if (decoded instanceof Error) expect(decoded).toMatchObject({ code: "INVALID_IMAGE" });
        else expectSame(decoded.data, whole.RGB, undefined);
      }
    },
  );
});
