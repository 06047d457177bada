import { describe, expect, test } from "vitest";
import { RefusedError, UnavailableError } from "../../../src/client/client-error.ts";
import { ImageError, type ImageOutcome, type NamedImage } from "../../../src/client/image-source.ts";
import { PredictClient, type PredictClientOptions } from "../../../src/client/predict-client.ts";
import { type Reply, UnansweredError } from "../../../src/client/predict-transport.ts";
import { FakeClock } from "./fake-clock.ts";

const NEVER = new AbortController().signal;

type Answer = (images: readonly NamedImage[], attempt: number, signal: AbortSignal) => Reply | Promise<Reply>;

function image(name: string, length = 1): NamedImage {
  return { name, bytes: new Uint8Array(length) };
}

function names(images: readonly NamedImage[]): string[] {
  return images.map((one) => one.name);
}

/** Predicts of each image its name. */
function good(images: readonly NamedImage[]): Reply {
  return { status: 200, body: JSON.stringify({ predictions: names(images) }) };
}

function refusal(status: number, fields: object = {}, retryAfter?: string): Reply {
  return { status, body: JSON.stringify({ error: "no", ...fields }), retryAfter };
}

/** A client of a fake server, and what that was sent. */
function clientOf(answer: Answer, options: Partial<PredictClientOptions> = {}) {
  const sent: string[][] = [];
  const clock = new FakeClock();
  const client = new PredictClient({
    transport: {
      send: async (images, signal) => {
        sent.push(names(images));
        return answer(images, sent.length, signal);
      },
    },
    concurrency: 1,
    batchSize: 4,
    maxBatchBytes: 1000,
    giveUpAfterMs: 60_000,
    clock,
    random: () => 0,
    ...options,
  });
  return { client, clock, sent };
}

function predicted(...all: string[]): ImageOutcome[] {
  return all.map((name) => ({ name, prediction: JSON.stringify(name) }));
}

const ABCD = ["a", "b", "c", "d"].map((name) => image(name));

describe("PredictClient", () => {
  test("sends no more images in a request than batchSize, and no more bytes than maxBatchBytes", async () => {
    const { client, sent } = clientOf(good, { batchSize: 3, maxBatchBytes: 10 });
    const images = [
      image("a"),
      image("b"),
      image("c"),
      image("d", 6),
      image("e", 6),
      image("f", 60),
      image("g"),
    ];
    expect(await client.predict(images, NEVER)).toEqual(predicted("a", "b", "c", "d", "e", "f", "g"));
    expect(sent).toEqual([["a", "b", "c"], ["d"], ["e"], ["f"], ["g"]]);
  });

  test("keeps the order of the images when later requests are answered first", async () => {
    const answered: (() => void)[] = [];
    const { client, sent } = clientOf(
      (images) => new Promise((resolve) => answered.push(() => resolve(good(images)))),
      { batchSize: 1, concurrency: 4 },
    );
    const outcomes = client.predict(ABCD, NEVER);
    while (answered.length < 4) await Promise.resolve();
    for (const answer of answered.reverse()) answer();
    expect(await outcomes).toEqual(predicted("a", "b", "c", "d"));
    expect(sent).toHaveLength(4);
  });

  test("has no more requests on their way than concurrency", async () => {
    let running = 0;
    let most = 0;
    const { client } = clientOf(
      async (images) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return good(images);
      },
      { batchSize: 1, concurrency: 2 },
    );
    await client.predict([...ABCD, ...ABCD], NEVER);
    expect(most).toBe(2);
  });

  test("reads images as they are sent, not all at once", async () => {
    let read = 0;
    const sources = Array.from({ length: 1000 }, (_, i) => ({
      name: `${i}`,
      byteLength: 1,
      read: async () => {
        read += 1;
        return new Uint8Array(1);
      },
    }));
    const { client } = clientOf(good, { batchSize: 2, concurrency: 2 });
    const outcomes = client.predictAll(sources, NEVER);
    await outcomes.next();
    expect(read).toBeLessThanOrEqual(20);
    await outcomes.return();
  });

  test("an image that can't be read fails alone, and is not sent", async () => {
    const { client, sent } = clientOf(good);
    const sources = [
      { name: "a", byteLength: 1, read: async () => new Uint8Array(1) },
      { name: "b", byteLength: 0, read: () => Promise.reject(new ImageError("UNREADABLE", "gone")) },
      { name: "c", byteLength: 1, read: async () => new Uint8Array(1) },
    ];
    const outcomes: ImageOutcome[] = [];
    for await (const outcome of client.predictAll(sources, NEVER)) outcomes.push(outcome);
    expect(sent).toEqual([["a", "c"]]);
    expect(outcomes[1]).toEqual({ name: "b", error: { code: "UNREADABLE", message: "gone" } });
  });

  test.each([408, 429, 502, 503, 504])("waits as long as Retry-After says after a %d", async (status) => {
    const { client, clock, sent } = clientOf((images, attempt) =>
      attempt === 1 ? refusal(status, {}, "7") : good(images),
    );
    expect(await client.predict(ABCD, NEVER)).toEqual(predicted("a", "b", "c", "d"));
    expect(clock.sleepsMs).toEqual([7000]);
    expect(sent).toHaveLength(2);
  });

  test("waits longer and longer where the server says nothing, or is not there", async () => {
    const { client, clock } = clientOf((images, attempt) => {
      if (attempt === 1) throw new UnansweredError("ECONNREFUSED");
      return attempt < 5 ? refusal(503) : good(images);
    });
    await client.predict(ABCD, NEVER);
    expect(clock.sleepsMs).toEqual([250, 500, 1000, 2000]);
  });

  test("gives up on all images when nothing is answered in time", async () => {
    const { client, clock } = clientOf(() => {
      throw new UnansweredError("ECONNREFUSED");
    });
    await expect(client.predict(ABCD, NEVER)).rejects.toBeInstanceOf(UnavailableError);
    expect(clock.nowMs()).toBeLessThanOrEqual(60_000);
  });

  test("does not wait for a Retry-After that is past the time to give up", async () => {
    const { client, clock } = clientOf(() => refusal(503, {}, "3600"));
    await expect(client.predict(ABCD, NEVER)).rejects.toBeInstanceOf(UnavailableError);
    expect(clock.sleepsMs).toEqual([]);
  });

  test("gives up only on the images that are never answered while others are", async () => {
    const { client } = clientOf(
      (images) => {
        if (names(images).includes("poison")) throw new UnansweredError("ECONNRESET");
        return good(images);
      },
      { batchSize: 1, concurrency: 2 },
    );
    const others = Array.from({ length: 100 }, (_, i) => image(`${i}`));
    const outcomes = await client.predict([image("poison"), ...others], NEVER);
    expect(outcomes[0]).toMatchObject({ name: "poison", error: { code: "UNREACHABLE" } });
    expect(outcomes.slice(1)).toEqual(predicted(...names(others)));
  });

  test("a failure of the server's own is tried once more, and then the images'", async () => {
    const { client, sent } = clientOf(() => refusal(500, { code: "INFERENCE_FAILED" }));
    const outcomes = await client.predict(ABCD, NEVER);
    expect(sent).toHaveLength(2);
    expect(outcomes.map((one) => "error" in one && one.error.code)).toEqual(
      Array(4).fill("INFERENCE_FAILED"),
    );
  });

  test("takes the errors of an answer for the images that they name", async () => {
    const body = JSON.stringify({
      predictions: [1, { error: { code: "INVALID_IMAGE", message: "x" } }, 3, 4],
      errors: [{ instance: 1, code: "INVALID_IMAGE", message: "instances[1]: got an HTML page" }],
    });
    const { client } = clientOf(() => ({ status: 200, body }));
    expect((await client.predict(ABCD, NEVER))[1]).toEqual({
      name: "b",
      error: { code: "INVALID_IMAGE", message: "got an HTML page" },
    });
  });

  test("never sends an image again that a 400 names, and the others at once", async () => {
    const { client, clock, sent } = clientOf((images) => {
      const instance = names(images).indexOf("c");
      return instance < 0 ? good(images) : refusal(400, { code: "INVALID_IMAGE", instance });
    });
    const outcomes = await client.predict(ABCD, NEVER);
    expect(outcomes).toEqual([
      ...predicted("a", "b"),
      { name: "c", error: { code: "INVALID_IMAGE", message: "no" } },
      ...predicted("d"),
    ]);
    expect(sent.slice(1).flat()).not.toContain("c");
    expect(clock.sleepsMs).toEqual([]);
  });

  test("finds the image that a server without names in its errors refuses", async () => {
    const { client } = clientOf((images) => (names(images).includes("b") ? refusal(400) : good(images)));
    const outcomes = await client.predict(ABCD, NEVER);
    expect(outcomes[1]).toMatchObject({ name: "b", error: { code: "REFUSED" } });
    expect([outcomes[0], outcomes[2], outcomes[3]]).toEqual(predicted("a", "c", "d"));
  });

  test("sends less at once where the server says that it is too much", async () => {
    const { client } = clientOf((images) =>
      images.length > 1 ? refusal(413, { code: "BODY_TOO_LARGE" }) : good(images),
    );
    expect(await client.predict(ABCD, NEVER)).toEqual(predicted("a", "b", "c", "d"));
  });

  test.each([
    [401, {}],
    [404, { code: "NOT_FOUND" }],
    [400, { code: "INVALID_ARGUMENT" }],
  ])("ends when no image would be answered: %d %j", async (status, fields) => {
    const { client, sent } = clientOf(() => refusal(status, fields));
    await expect(client.predict(ABCD, NEVER)).rejects.toBeInstanceOf(RefusedError);
    expect(sent).toHaveLength(1);
  });

  test.each(["<html>", "[]", '{"predictions": 1}', '{"predictions": [1]}'])(
    "an answer that is none is the images' failure: %s",
    async (body) => {
      const { client } = clientOf(() => ({ status: 200, body }));
      const outcomes = await client.predict(ABCD, NEVER);
      expect(outcomes.map((one) => "error" in one && one.error.code)).toEqual(Array(4).fill("BAD_ANSWER"));
    },
  );

  test("ends with the signal's reason, also while a request is on its way", async () => {
    const controller = new AbortController();
    const { client } = clientOf((_, __, signal) => {
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });
    const outcomes = client.predict(ABCD, controller.signal);
    controller.abort(new Error("enough"));
    await expect(outcomes).rejects.toThrow("enough");
  });
});
