import { describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { HttpImagery, type HttpImageryOptions } from "../../../src/tiles/http-imagery.ts";
import { solidPng } from "../../support/solid-png.ts";
import { FakeClock } from "../client/fake-clock.ts";

const TILE = { x: 1, y: 2, z: 3 };
const PNG = new Uint8Array(solidPng(2, 2, [1, 2, 3]));
const PAGE = "<!DOCTYPE html><html><body>Sorry</body></html>";
const never = new AbortController().signal;

type Answer = (signal: AbortSignal) => Response | Promise<Response>;

/** Gives the answers one after the other, the last one again and again. */
function imagery(answers: readonly Answer[], options: Partial<HttpImageryOptions> = {}) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const open = { now: 0, most: 0 };
  const fetch = async (url: unknown, { signal }: { readonly signal?: AbortSignal | null } = {}) => {
    asked.push(String(url));
    open.now += 1;
    open.most = Math.max(open.most, open.now);
    try {
      await Promise.resolve();
      const answer = answers[Math.min(asked.length, answers.length) - 1] as Answer;
      return await answer(signal as AbortSignal);
    } finally {
      open.now -= 1;
    }
  };
  const subject = new HttpImagery({
    address: ({ x, y, z }) => `http://tiles.test/${z}/${x}/${y}`,
    headers: {},
    hostConcurrency: 4,
    tries: 3,
    timeoutMs: 60_000,
    maxBytes: 1000,
    maxUnreachable: 3,
    fetch: fetch as typeof globalThis.fetch,
    clock,
    random: () => 0,
    ...options,
  });
  return { subject, clock, asked, open };
}

const image: Answer = () => new Response(PNG);
const status = (code: number, headers: Record<string, string> = {}): Answer => {
  return () => new Response([204, 304].includes(code) ? null : PAGE, { status: code, headers });
};
const page: Answer = () => new Response(PAGE);
const lost: Answer = () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } }));

describe("HttpImagery", () => {
  test("returns the image of a tile", async () => {
    const { subject, asked } = imagery([image]);
    expect(new Uint8Array(await subject.read(TILE, never))).toEqual(PNG);
    expect(asked).toEqual(["http://tiles.test/3/1/2"]);
  });

  test.each([
    ["an error page with status 200", page],
    ["an empty body", () => new Response("")],
    ["status 500", status(500)],
    ["status 429", status(429)],
    ["a broken connection", lost],
    ["a body that ends early", () => new Response(tornBody())],
  ] as readonly (readonly [string, Answer])[])("asks again after %s", async (_, answer) => {
    const { subject, asked, clock } = imagery([answer, answer, image]);
    expect(new Uint8Array(await subject.read(TILE, never))).toEqual(PNG);
    expect(asked.length).toBe(3);
    expect(clock.sleepsMs).toEqual([250, 500]);
  });

  test.each([
    ["NOT_AN_IMAGE", 3, page],
    ["NOT_AN_IMAGE", 1, () => new Response("<svg xmlns='http://www.w3.org/2000/svg'/>")],
    ["HTTP_STATUS", 3, status(503)],
    ["HTTP_STATUS", 1, status(403)],
    ["HTTP_STATUS", 1, status(304)],
    ["MISSING", 1, status(404)],
    ["MISSING", 1, status(204)],
    ["TOO_LARGE", 1, () => new Response(new Uint8Array(1001))],
    ["UNREACHABLE", 3, lost],
  ] as readonly (readonly [string, number, Answer])[])(
    "gives up with %s after %i tries",
    async (code, tries, answer) => {
      const { subject, asked } = imagery([answer]);
      await expect(subject.read(TILE, never)).rejects.toMatchObject({ code });
      expect(asked.length).toBe(tries);
    },
  );

  test("waits as long as the host asks, but not for hours", async () => {
    const { subject, clock } = imagery([
      status(429, { "Retry-After": "7" }),
      status(503, { "Retry-After": "9999" }),
      image,
    ]);
    await subject.read(TILE, never);
    expect(clock.sleepsMs).toEqual([7000, 60_000]);
  });

  test("ends a try that takes too long", async () => {
    const hang: Answer = (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    const { subject, asked } = imagery([hang, image], { timeoutMs: 1 });
    await subject.read(TILE, never);
    expect(asked.length).toBe(2);
  });

  test("asks a host for no more at once than is allowed", async () => {
    const { subject, open, asked } = imagery([image], { hostConcurrency: 2 });
    await Promise.all(Array.from({ length: 9 }, (_, x) => subject.read({ x, y: 0, z: 5 }, never)));
    expect(asked.length).toBe(9);
    expect(open.most).toBe(2);
  });

  test("ends the run when nobody answers for many tiles in a row", async () => {
    const { subject } = imagery([lost], { tries: 1 });
    await expect(subject.read(TILE, never)).rejects.toMatchObject({ code: "UNREACHABLE" });
    await expect(subject.read(TILE, never)).rejects.toMatchObject({ code: "UNREACHABLE" });
    await expect(subject.read(TILE, never)).rejects.toThrow(StartupError);
  });

  test("counts tiles in a row anew after an answer", async () => {
    const { subject } = imagery([lost, lost, status(404), lost, lost], { tries: 1 });
    for (const code of ["UNREACHABLE", "UNREACHABLE", "MISSING", "UNREACHABLE", "UNREACHABLE"]) {
      await expect(subject.read(TILE, never)).rejects.toMatchObject({ code });
    }
  });

  test("gives up at once when the run does", async () => {
    const ending = new AbortController();
    const { subject, asked } = imagery([
      () => {
        ending.abort(new Error("told to stop"));
        return new Response(PAGE, { status: 500 });
      },
    ]);
    await expect(subject.read(TILE, ending.signal)).rejects.toThrow("told to stop");
    expect(asked.length).toBe(1);
  });
});

function tornBody(): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(PNG.subarray(0, 10));
      controller.error(new Error("terminated"));
    },
  });
}
