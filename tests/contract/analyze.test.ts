import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DIGIT_NAMES, digitPng, imageInstance, tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const HTML = Buffer.from("<!DOCTYPE html><html><body>404 Not Found</body></html>");
const classes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

let started: StartedServer;
let predictUrl: string;
beforeAll(async () => {
  started = await startServer();
  predictUrl = `${started.url}/analyze:predict`;
});
afterAll(() => started.close());

/** The ten digits, one replaced. */
const withBad = (index: number, instance: object) =>
  tenDigits().map((good, i) => (i === index ? instance : good));

describe("POST /analyze:predict", () => {
  test("answers ten digits without a Content-Type with their classes in order", async () => {
    const answer = await request(predictUrl, { body: { instances: tenDigits() } });
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toContain("application/json");
    expect(answer.json).toEqual({ predictions: classes });
  });

  test.each([
    ["application/json"],
    ["application/x-www-form-urlencoded"],
    ["text/plain"],
    ["application/octet-stream"],
    ["APPLICATION/JSON; charset=utf-7"],
    ["x".repeat(8000)],
  ])("reads JSON whatever the Content-Type says: %.40s", async (type) => {
    const body = { instances: [imageInstance(digitPng(3))] };
    const answer = await request(predictUrl, { body, headers: { "content-type": type } });
    expect(answer.json).toEqual({ predictions: [3] });
  });

  test("answers the one-image form with the label", async () => {
    const answer = await request(predictUrl, { body: imageInstance(digitPng(7)) });
    expect(answer.json).toEqual({ prediction: "seven" });
  });

  test("takes a bare base64 string for image_bytes", async () => {
    const answer = await request(predictUrl, { body: { image_bytes: digitPng(2).toString("base64") } });
    expect(answer.json).toEqual({ prediction: "two" });
  });

  test.each(classes)("answers a raw image body with the label: %i", async (digit) => {
    const answer = await request(predictUrl, { body: digitPng(digit) });
    expect(answer.json).toEqual({ prediction: DIGIT_NAMES[digit] });
  });

  test("answers multipart/form-data with one file part", async () => {
    const form = new FormData();
    form.set("file", new Blob([digitPng(4)]), "four.png");
    const answer = await fetch(predictUrl, { method: "POST", body: form });
    expect(await answer.json()).toEqual({ prediction: "four" });
  });

  test.each([
    ["no file part", (form: FormData) => form.set("text", "hello")],
    [
      "two file parts",
      (form: FormData) => {
        form.append("a", new Blob([digitPng(1)]), "a.png");
        form.append("b", new Blob([digitPng(2)]), "b.png");
      },
    ],
  ])("refuses multipart/form-data with %s", async (_, fill) => {
    const form = new FormData();
    fill(form);
    const answer = await fetch(predictUrl, { method: "POST", body: form });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ] as const)("inflates a %s body", async (encoding, compress) => {
    const body = compress(JSON.stringify({ instances: [imageInstance(digitPng(5))] }));
    const answer = await request(predictUrl, { body, headers: { "content-encoding": encoding } });
    expect(answer.json).toEqual({ predictions: [5] });
  });

  test("inflates a compressed raw image", async () => {
    const answer = await request(predictUrl, {
      body: gzipSync(digitPng(6)),
      headers: { "content-encoding": "gzip" },
    });
    expect(answer.json).toEqual({ prediction: "six" });
  });

  test.each(["gzip, gzip", "zstd", "compress"])("refuses Content-Encoding %s with 415", async (encoding) => {
    const answer = await request(predictUrl, { body: "{}", headers: { "content-encoding": encoding } });
    expect(answer.status).toBe(415);
    expect(answer.json).toMatchObject({ code: "UNSUPPORTED_ENCODING" });
  });

  test("refuses a body that does not inflate with 400", async () => {
    const truncated = gzipSync(JSON.stringify({ instances: tenDigits() })).subarray(0, 100);
    for (const body of [truncated, Buffer.from("plain text")]) {
      const answer = await request(predictUrl, { body, headers: { "content-encoding": "gzip" } });
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });

  test("takes the percent-encoded colon", async () => {
    const answer = await request(`${started.url}/analyze%3Apredict`, { body: imageInstance(digitPng(1)) });
    expect(answer.json).toEqual({ prediction: "one" });
  });

  test.each([
    ["serving_default", (p: unknown) => expect(p).toHaveLength(10)],
    ["class", (p: unknown) => expect(p).toBe(8)],
    ["label", (p: unknown) => expect(p).toBe("eight")],
    [
      "scores",
      (p: unknown) => {
        const scores = p as number[];
        expect(scores).toHaveLength(10);
        expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 6);
        expect(scores.indexOf(Math.max(...scores))).toBe(8);
      },
    ],
    [
      "top_k",
      (p: unknown) => {
        const best = p as { label: string; class: number; score: number }[];
        expect(best).toHaveLength(5);
        expect(best[0]).toMatchObject({ label: "eight", class: 8 });
        expect(best.map(({ score }) => score)).toEqual(
          best.map(({ score }) => score).toSorted((a, b) => b - a),
        );
      },
    ],
  ])("answers with the signature %s when the body names it", async (signature_name, check) => {
    const body = { signature_name, instances: [imageInstance(digitPng(8))] };
    const answer = await request(predictUrl, { body });
    check((answer.json.predictions as unknown[])[0]);
  });

  test("clamps parameters.k to the classes and refuses what is no count", async () => {
    const body = (k: unknown) => ({
      signature_name: "top_k",
      parameters: { k },
      instances: [imageInstance(digitPng(0))],
    });
    const clamped = await request(predictUrl, { body: body(1000) });
    expect((clamped.json.predictions as unknown[][])[0]).toHaveLength(10);
    const refused = await request(predictUrl, { body: body(0) });
    expect(refused.json).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("refuses a signature that the model does not offer and lists those that it does", async () => {
    const answer = await request(predictUrl, { body: { signature_name: "boxes", instances: tenDigits() } });
    expect(answer.status).toBe(400);
    expect(answer.json.error).toContain("serving_default, class, label, scores, top_k");
  });
});

describe("ON_BAD_INSTANCE", () => {
  test("reports one bad instance in its place and answers the other nine", async () => {
    const answer = await request(predictUrl, {
      body: { instances: withBad(3, { ...imageInstance(HTML), key: { x: 1, y: 2, z: 3 } }) },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-failed-instances"]).toBe("3");
    const error = { code: "INVALID_IMAGE", message: expect.stringContaining("HTML page") };
    expect(answer.json).toEqual({
      predictions: classes.map((digit) => (digit === 3 ? { error } : digit)),
      errors: [{ instance: 3, ...error, key: { x: 1, y: 2, z: 3 } }],
    });
  });

  test.each([
    ["bad base64", { image_bytes: { b64: "@@@" } }, "INVALID_BASE64"],
    ["an empty file", { image_bytes: { b64: "" } }, "INVALID_IMAGE"],
    ["a truncated PNG", imageInstance(digitPng(1).subarray(0, 400)), "INVALID_IMAGE"],
    ["an SVG", imageInstance(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')), "UNSUPPORTED_FORMAT"],
    ["null", null, "INVALID_ARGUMENT"],
    ["a number in b64", { image_bytes: { b64: 5 } }, "INVALID_ARGUMENT"],
  ])("reports %s with its code", async (_, bad, code) => {
    const answer = await request(predictUrl, { body: { instances: withBad(9, bad as object) } });
    expect(answer.status).toBe(200);
    expect(answer.json.errors).toMatchObject([{ instance: 9, code }]);
    expect((answer.json.predictions as unknown[]).slice(0, 9)).toEqual(classes.slice(0, 9));
  });

  test("answers 400 when every instance is bad", async () => {
    const answer = await request(predictUrl, {
      body: { instances: [imageInstance(HTML), imageInstance(HTML)] },
    });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: "INVALID_IMAGE", instance: 0 });
  });

  test("fails the request at the first bad index when set to fail", async () => {
    const strict = await startServer({ flags: ["--on-bad-instance=fail"] });
    try {
      const instances = withBad(3, imageInstance(HTML)).map((one, i) =>
        i === 6 ? imageInstance(HTML) : one,
      );
      const answer = await request(`${strict.url}/analyze:predict`, { body: { instances } });
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({ code: "INVALID_IMAGE", instance: 3 });
    } finally {
      await strict.close();
    }
  });
});

describe("GET /analyze", () => {
  test("answers 200 with status OK when ready, to GET and HEAD", async () => {
    const answer = await request(`${started.url}/analyze`);
    expect([answer.status, answer.json]).toEqual([200, { status: "OK" }]);
    const head = await request(`${started.url}/analyze`, { method: "HEAD" });
    expect([head.status, head.text]).toEqual([200, ""]);
  });
});
