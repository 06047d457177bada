import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitPng, imageInstance } from "../support/digits.ts";
import { doublingSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const HTML = imageInstance(Buffer.from("<html></html>"));
const LARGE = imageInstance(solidPng(65, 64, [0, 0, 0]));
const GOOD = imageInstance(digitPng(1));

describe("a batch of which every image failed", () => {
  let started: StartedServer;
  beforeAll(async () => {
    started = await startServer({ flags: ["--max-image-pixels=4096"] });
  });
  afterAll(() => started.close());
  const post = (body: object, path = "/analyze:predict") => request(started.url + path, { body });

  test.each([
    ["no images", [HTML, HTML], "INVALID_IMAGE"],
    ["images that are too large", [LARGE, LARGE], "IMAGE_TOO_LARGE"],
    ["a single one that is too large", [LARGE], "IMAGE_TOO_LARGE"],
    ["one that is too large, and one that is none", [LARGE, HTML], "IMAGE_TOO_LARGE"],
    ["none at all", [null, HTML], "INVALID_ARGUMENT"],
  ])("gets 400 and the first one's code: %s", async (_, instances, code) => {
    const answer = await post({ instances });
    expect([answer.status, answer.json.code, answer.json.instance]).toEqual([400, code, 0]);
    expect(answer.headers["x-failed-instances"]).toBeUndefined();
  });

  test("is none where one is left", async () => {
    const answer = await post({ instances: [LARGE, GOOD, HTML] });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-failed-instances"]).toBe("0,2");
  });

  test.each([
    ["the one-image form", LARGE],
    ["a raw image", solidPng(65, 64, [0, 0, 0])],
  ])("is none, but an image with a status of its own: %s", async (_, body) => {
    const answer = await post(body);
    expect([answer.status, answer.json.code]).toEqual([413, "IMAGE_TOO_LARGE"]);
  });

  test("has the first bad instance's status where one is enough to fail it", async () => {
    const answer = await post({ instances: [GOOD, LARGE, HTML] }, "/v1/models/model:predict");
    expect([answer.status, answer.json.code, answer.json.instance]).toEqual([413, "IMAGE_TOO_LARGE", 1]);
  });
});

describe("a batch in which the server is at fault", () => {
  let started: StartedServer;
  /** The model fails on numbers below zero. */
  beforeAll(async () => {
    const session = doublingSession();
    const run = session.run.bind(session);
    session.run = async (feed) => {
      const { rows, computeInferMs } = await run(feed);
      const inputs = feed.kind === "rows" ? feed.rows : [feed.feeds];
      const isBad = (row: number) => Number(inputs[row]?.x?.data[0]) < 0;
      return { rows: rows.map((row, i) => (isBad(i) ? { error: "Non-zero status" } : row)), computeInferMs };
    };
    started = await startServer({
      files: { "model.onnx": halfPlusTwo() },
      startSession: async () => session,
    });
  });
  afterAll(() => started.close());
  const post = (instances: unknown[]) => request(`${started.url}/analyze:predict`, { body: { instances } });

  test.each([
    ["for all", [-1, -2], 0],
    ["for the last, the caller for the others", ["bad", null, -1], 2],
  ])("%s gets 500: another try may help", async (_, instances, instance) => {
    const answer = await post(instances);
    expect([answer.status, answer.json.code, answer.json.instance]).toEqual([
      500,
      "INFERENCE_FAILED",
      instance,
    ]);
  });

  test("and the caller, for one each, is answered where one is left", async () => {
    const answer = await post([-1, 2, "bad"]);
    expect([answer.status, answer.headers["x-failed-instances"]]).toEqual([200, "0,2"]);
    expect(answer.json.errors).toMatchObject([
      { instance: 0, code: "INFERENCE_FAILED" },
      { instance: 2, code: "INVALID_ARGUMENT" },
    ]);
  });
});
