import { describe, expect, test } from "vitest";
import { modelPath, ServerApi } from "../../../src/console/server-api.ts";

/** A server that gives this answer to everything, and notes what it was asked. */
function answering(body: string, init: ResponseInit = {}) {
  const asked: string[] = [];
  const api = new ServerApi("http://server/prefix/", async (input) => {
    asked.push(String(input));
    return new Response(body, init);
  });
  return { api, asked };
}

const { signal } = new AbortController();
const WHOLE = { hasLines: false, signal };
const LINES = { hasLines: true, signal };

describe("modelPath", () => {
  test("names a model and its version, whatever is in the name", () => {
    expect(modelPath("tiles")).toBe("v1/models/tiles");
    expect(modelPath("a/b c", "2")).toBe("v1/models/a%2Fb%20c/versions/2");
  });
});

describe("ServerApi", () => {
  test("asks beside the page, also behind a prefix", async () => {
    const { api, asked } = answering('{"models":["tiles"]}');
    expect(await api.models()).toEqual(["tiles"]);
    expect(asked).toEqual(["http://server/prefix/v1/models"]);
  });

  test("gives the prediction of the one instance, as a list or as a line", async () => {
    const { api, asked } = answering('{"predictions":[7]}');
    expect(await api.predict("v1/models/tiles", "{}", WHOLE)).toBe(7);
    expect(asked).toEqual(["http://server/prefix/v1/models/tiles:predict"]);
    expect(await answering('{"index":0,"prediction":8}\n').api.predict("m", "{}", LINES)).toBe(8);
  });

  test("throws the error of a line", async () => {
    const { api } = answering('{"index":0,"error":{"code":"INVALID_IMAGE","message":"an HTML page"}}\n');
    await expect(api.predict("m", "{}", LINES)).rejects.toMatchObject({
      code: "INVALID_IMAGE",
      message: "an HTML page",
    });
  });

  test("throws the server's error, with the time to come again", async () => {
    const headers = { "Retry-After": "3" };
    const { api } = answering('{"error":"full","code":"QUEUE_FULL"}', { status: 503, headers });
    await expect(api.predict("m", "{}", WHOLE)).rejects.toMatchObject({
      status: 503,
      code: "QUEUE_FULL",
      message: "full",
      retryAfterSeconds: 3,
    });
  });

  test.each([
    ["no JSON", "<html>Bad gateway</html>", 502],
    ["JSON of somebody else", '["no"]', 500],
    ["no JSON, though it says 200", "<html>Log in</html>", 200],
  ])("throws the status of an answer that is %s", async (_, body, status) => {
    const { api } = answering(body, { status });
    await expect(api.models()).rejects.toMatchObject({ status, code: `HTTP ${status}` });
  });

  test("throws that nobody answers", async () => {
    const api = new ServerApi("http://server/", async () => {
      throw new TypeError("fetch failed");
    });
    await expect(api.metrics()).rejects.toMatchObject({ status: 0, code: "NO_ANSWER" });
  });

  test("throws an abort as it is", async () => {
    const work = new AbortController();
    const reason = new Error("another was chosen");
    const api = new ServerApi("http://server/", async () => {
      work.abort(reason);
      throw new DOMException("aborted", "AbortError");
    });
    await expect(api.predict("m", "{}", { hasLines: true, signal: work.signal })).rejects.toBe(reason);
  });

  test("knows the versions of a model also while none answers", async () => {
    const versions = [{ version: "1", state: "LOADING" }];
    const { api } = answering(JSON.stringify({ model_version_status: versions }), { status: 503 });
    expect(await api.versions("tiles")).toEqual(versions);
  });

  test("gives the words of a server that is not ready", async () => {
    const { api, asked } = answering('{"state":"FAILED","error":"why"}');
    expect(await api.state()).toEqual({ state: "FAILED", error: "why" });
    expect(asked).toEqual(["http://server/prefix/console/state"]);
  });
});
