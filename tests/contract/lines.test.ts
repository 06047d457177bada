import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postForBytes } from "../support/bytes-request.ts";
import { DIGIT_NAMES, digitPng, imageInstance, tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { askLines, byIndex, openLines } from "../support/lines-client.ts";
import { halfPlusTwo, noBatchAxis } from "../support/onnx/tensor-models.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";

const started: StartedServer[] = [];
async function serve(options: StartOptions = {}): Promise<StartedServer> {
  const one = await startServer(options);
  started.push(one);
  return one;
}
afterAll(() => Promise.all(started.map((one) => one.close())));

describe("a body of lines on /analyze:predict", () => {
  let url: string;
  beforeAll(async () => {
    url = `${(await serve()).url}/analyze:predict`;
  });

  test("is answered with a line for each instance, which names it", async () => {
    const { status, headers, lines } = await askLines(url, [{ signature_name: "label" }, ...tenDigits()]);
    expect([status, headers["content-type"]]).toEqual([200, "application/x-ndjson"]);
    expect(lines.length).toBe(10);
    const found = byIndex(lines);
    expect(DIGIT_NAMES.map((_, i) => found.get(i))).toEqual(
      DIGIT_NAMES.map((prediction) => ({ prediction })),
    );
  });

  test("takes parameters, keys, blank lines, line ends of two characters and a last line without an end", async () => {
    const [seven, one] = [imageInstance(digitPng(7)), imageInstance(digitPng(1))].map((x) =>
      JSON.stringify(x),
    );
    const head = '\ufeff{"signature_name":"top_k","parameters":{"k":1}}';
    const body = `${head}\r\n\r\n${seven?.replace("{", '{"key":[7],')}\r\n \n${one}`;
    const { bytes } = await postForBytes(url, body, {
      "content-type": "application/x-ndjson; charset=utf-8",
    });
    const found = byIndex(
      bytes
        .toString()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
    expect(found.get(0)).toMatchObject({ key: [7], prediction: [{ label: "seven" }] });
    expect(found.get(1)).toMatchObject({ prediction: [{ label: "one" }] });
  });

  test("what is wrong with a line stands in its place, whatever it is", async () => {
    const bad = [
      "{",
      '"\\ud800"',
      "[[]]",
      '{"image_bytes":{"b64":"!"}}',
      '{"__proto__":1}',
      "[".repeat(100),
      "1e999",
    ];
    const instances = [
      imageInstance(digitPng(4)),
      ...bad,
      imageInstance(Buffer.from("<html>")),
      imageInstance(digitPng(2)),
    ];
    const { status, lines } = await askLines(url, instances);
    const found = byIndex(lines);
    expect([status, found.size]).toEqual([200, instances.length]);
    expect(instances.map((_, i) => (found.get(i)?.error as { code: string } | undefined)?.code)).toEqual([
      undefined,
      "INVALID_JSON",
      "INVALID_JSON",
      "INVALID_ARGUMENT",
      "INVALID_BASE64",
      "INVALID_JSON",
      "INVALID_JSON",
      "INVALID_JSON",
      "INVALID_IMAGE",
      undefined,
    ]);
    expect(found.get(4)?.error).toMatchObject({ message: expect.stringContaining("instances[4]") });
  });

  test.each([
    ["no line", "", 400, "INVALID_ARGUMENT"],
    ["blank lines", "\n \n", 400, "INVALID_ARGUMENT"],
    ["a signature that there is not", '{"signature_name":"mask"}\n', 400, "INVALID_ARGUMENT"],
    ["a parameter that it does not take", '{"parameters":{"k":1}}\n', 400, "INVALID_ARGUMENT"],
    ["parameters that are none", '{"parameters":1}\n', 400, "INVALID_ARGUMENT"],
    ["no JSON at first", "instances\n", 400, "INVALID_JSON"],
  ])("%s has the status of its error", async (_, body, status, code) => {
    const answer = await request(url, { body, headers: { "content-type": "application/x-ndjson" } });
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  test("may be compressed", async () => {
    const body = gzipSync(JSON.stringify(imageInstance(digitPng(3))));
    const headers = { "content-type": "application/x-ndjson", "content-encoding": "gzip" };
    const { bytes } = await postForBytes(url, body, headers);
    expect(JSON.parse(bytes.toString())).toEqual({ index: 0, prediction: 3 });
    const damaged = await postForBytes(url, body.subarray(0, 20), headers);
    expect([damaged.status, JSON.parse(damaged.bytes.toString()).code]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  test("a prediction is out before the next line is in", async () => {
    const { request: sending, next, answer } = openLines(url);
    for (const digit of [5, 8]) {
      sending.write(`${JSON.stringify(imageInstance(digitPng(digit)))}\n`);
      expect(await next()).toMatchObject({ prediction: digit });
    }
    sending.end();
    expect((await answer).lines.length).toBe(2);
  });

  test("is not bound by MAX_INSTANCES", async () => {
    const one = await serve({ flags: ["--max-instances=2"] });
    const { lines } = await askLines(`${one.url}/analyze:predict`, tenDigits());
    expect(lines.filter(({ prediction }) => prediction !== undefined).length).toBe(10);
  });

  test("a line past MAX_BODY_BYTES ends it, with what came before answered", async () => {
    const one = await serve({ flags: ["--max-body-bytes=16KiB"] });
    const lines = [imageInstance(digitPng(6)), "x".repeat(20_000), imageInstance(digitPng(6))];
    const answer = await askLines(`${one.url}/analyze:predict`, lines);
    expect(answer.lines).toMatchObject([{ index: 0, prediction: 6 }, { error: { code: "BODY_TOO_LARGE" } }]);
    expect(answer.lines[1]?.index).toBeUndefined();
  });
});

describe("a body of lines on /v1/models/<name>:predict", () => {
  test("has rows of numbers, exact integers among them, and 404 for an unknown model", async () => {
    const { url } = await serve({ files: { "model.onnx": halfPlusTwo() } });
    const { lines } = await askLines(`${url}/v1/models/model:predict`, [1, { x: 2 }, "[3]", 5]);
    const found = byIndex(lines);
    expect([0, 1, 3].map((i) => found.get(i))).toEqual([
      { prediction: 2.5 },
      { prediction: 3 },
      { prediction: 4.5 },
    ]);
    expect(found.get(2)?.error).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("element: 2"),
    });
    const unknown = await askLines(`${url}/v1/models/nope:predict`, [1]);
    expect([unknown.status, unknown.lines[0]?.code]).toEqual([404, "NOT_FOUND"]);
  });

  test("answers each instance as an ordinary request does", async () => {
    const { url } = await serve({
      files: { "model.onnx": halfPlusTwo() },
      flags: ["--on-bad-instance=report"],
    });
    const instance = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.constantFrom("a", null, [1], { y: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(instance, { minLength: 1, maxLength: 12 }), async (instances) => {
        const json = await request(`${url}/v1/models/model:predict`, {
          body: { instances: [0, ...instances] },
        });
        const texts = [0, ...instances].map((one) => JSON.stringify(one));
        const { lines } = await askLines(`${url}/v1/models/model:predict`, texts);
        const found = byIndex(lines);
        const predictions = json.json.predictions as unknown[];
        expect(found.size).toBe(predictions.length);
        predictions.forEach((prediction, i) => {
          const failed = typeof prediction === "object" && prediction !== null;
          const code = failed ? (prediction as { error: { code: string } }).error.code : undefined;
          if (failed) expect(found.get(i)?.error).toMatchObject({ code });
          else expect(found.get(i)).toEqual({ prediction });
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe("Accept: application/x-ndjson with an ordinary body", () => {
  const headers = { accept: "application/x-ndjson" };

  test("gets a line for each of its instances, with keys and errors in their places", async () => {
    const { url } = await serve();
    const body = { signature_name: "label", instances: [...tenDigits(), { key: "k", b64: "!" }] };
    const { bytes } = await postForBytes(`${url}/analyze:predict`, JSON.stringify(body), headers);
    const found = byIndex(
      bytes
        .toString()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
    expect(DIGIT_NAMES.map((_, i) => found.get(i)?.prediction)).toEqual(DIGIT_NAMES);
    expect(found.get(10)).toMatchObject({ key: "k", error: { code: expect.any(String) } });
  });

  test("a list that does not fit has its status: the limits of a list hold", async () => {
    const { url } = await serve({ flags: ["--max-instances=2"] });
    const answer = await request(`${url}/analyze:predict`, { body: { instances: tenDigits() }, headers });
    expect([answer.status, answer.json.code]).toEqual([413, "TOO_MANY_INSTANCES"]);
  });

  test.each([
    ["columns", halfPlusTwo, { inputs: [1, 2] }],
    [
      "the rows of a model without a batch axis",
      noBatchAxis,
      {
        instances: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    ],
  ])("%s are one tensor and have no lines", async (_, model, body) => {
    const { url } = await serve({ files: { "model.onnx": model() } });
    const answer = await request(`${url}/v1/models/model:predict`, { body, headers });
    expect([answer.status, answer.json.code]).toEqual([406, "NOT_ACCEPTABLE"]);
  });
});
