import { describe, expect, test } from "vitest";
import { DecodeMemory } from "../../src/decode-memory.ts";
import type { PreprocessSpec } from "../../src/image/preprocess-spec.ts";
import { settle } from "../support/puppet-runner.ts";
import { solidPng } from "../support/solid-png.ts";

const SPEC: PreprocessSpec = {
  color: "RGB",
  rescaleFactor: 1,
  rescaleOffset: 0,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  layout: "CHW",
  dtype: "float32",
};

const MIB = 2 ** 20;
const memory = (maxBytes: number) => new DecodeMemory({ maxBytes, maxImagePixels: 5e7 });

/** 24 MB of pixels. */
const LARGE = { bytes: solidPng(2000, 4000, [1, 2, 3]) };
/** 3 MB of pixels. */
const SMALL = { bytes: solidPng(1000, 1000, [1, 2, 3]) };

describe("DecodeMemory", () => {
  test("lets a large image wait until another one's memory is free, however often that is said", async () => {
    const shared = memory(60 * MIB);
    const taken: string[] = [];
    const take = async (name: string) => {
      const one = await shared.take({}, LARGE, SPEC);
      taken.push(name);
      return one;
    };
    const [first, second, third, fourth] = ["1", "2", "3", "4"].map(take);
    await settle();
    expect(taken).toEqual(["1", "2"]);
    (await first)?.free();
    (await first)?.free();
    await settle();
    expect(taken).toEqual(["1", "2", "3"]);
    (await second)?.free();
    await Promise.all([third, fourth]);
  });

  test("lets small images pass at once while large ones wait", async () => {
    const shared = memory(30 * MIB);
    await shared.take({}, LARGE, SPEC);
    void shared.take({}, LARGE, SPEC);
    expect(shared.take({}, SMALL, SPEC)).not.toBeInstanceOf(Promise);
  });

  test("refuses an image that takes more than all memory, and says which setting bounds it", () => {
    expect(() => memory(20 * MIB).take({}, LARGE, SPEC)).toThrow(
      expect.objectContaining({
        code: "IMAGE_TOO_LARGE",
        message: expect.stringContaining("MAX_DECODE_BYTES"),
      }),
    );
  });

  test("leaves bytes that will be refused by their header to the worker", () => {
    expect(memory(20 * MIB).take({}, { bytes: Buffer.from("<html>") }, SPEC)).not.toBeInstanceOf(Promise);
    const bomb = { bytes: LARGE.bytes };
    const strict = new DecodeMemory({ maxBytes: MIB, maxImagePixels: 1000 });
    expect(strict.take({}, bomb, SPEC)).not.toBeInstanceOf(Promise);
  });

  test("counts a raw array by its bytes", () => {
    const array = { shape: [4096, 2048], dtype: "uint8" } as const;
    const bytes = Buffer.alloc(4096 * 2048);
    expect(memory(20 * MIB).take({}, { bytes: bytes.subarray(0, MIB), array }, SPEC)).not.toBeInstanceOf(
      Promise,
    );
    expect(() => memory(20 * MIB).take({}, { bytes, array }, SPEC)).toThrow(
      expect.objectContaining({ code: "IMAGE_TOO_LARGE" }),
    );
  });

  test("rejects the waiting images of a request that left", async () => {
    const shared = memory(30 * MIB);
    await shared.take({}, LARGE, SPEC);
    const leaving = {};
    const waiting = shared.take(leaving, LARGE, SPEC);
    shared.cancel(leaving, new Error("left"));
    await expect(waiting).rejects.toThrow("left");
  });
});
