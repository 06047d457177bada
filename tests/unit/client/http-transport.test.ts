import { describe, expect, test } from "vitest";
import { RefusedError } from "../../../src/client/client-error.ts";
import { HttpTransport, predictUrl, serverUrl } from "../../../src/client/http-transport.ts";
import { UnansweredError } from "../../../src/client/predict-transport.ts";

const NEVER = new AbortController().signal;
const IMAGES = [
  { name: "a", bytes: new Uint8Array([1, 2, 3]) },
  { name: "b", bytes: new Uint8Array([9, 4, 5]).subarray(1) },
];

describe("predictUrl", () => {
  test.each([
    ["http://host:8501", undefined, "http://host:8501/analyze:predict"],
    ["http://host:8501/", undefined, "http://host:8501/analyze:predict"],
    ["https://host/some/prefix/", undefined, "https://host/some/prefix/analyze:predict"],
    ["http://host", "digits", "http://host/v1/models/digits:predict"],
    ["http://host/p", "my model/versions/2", "http://host/p/v1/models/my%20model/versions/2:predict"],
    ["http://host/x/v1/models/m:predict", "other", "http://host/x/v1/models/m:predict"],
  ])("of %s and %s is %s", (base, model, expected) => {
    expect(predictUrl(base, model).href).toBe(expected);
  });
});

describe("serverUrl", () => {
  test.each(["http://host:1", "http://host/some/prefix"])("finds %s again", (base) => {
    expect(serverUrl(predictUrl(base))).toBe(base);
    expect(serverUrl(predictUrl(base, "m/versions/2"))).toBe(base);
  });
});

describe("HttpTransport", () => {
  const answering = (url: string, answer: typeof fetch, choice = {}) =>
    new HttpTransport({ url: predictUrl(url), timeoutMs: 60_000, fetch: answer, ...choice });

  test("sends fastai-serving's body to /analyze, and TensorFlow Serving's to /v1", async () => {
    const bodies: unknown[] = [];
    const keep: typeof fetch = async (_, init) => {
      bodies.push(JSON.parse(String(init?.body)));
      return new Response("{}");
    };
    await answering("http://host", keep).send(IMAGES, NEVER);
    const choice = { signature: "top_k", parameters: { k: 2 } };
    await answering("http://host/v1/models/m:predict", keep, choice).send(IMAGES, NEVER);
    expect(bodies).toEqual([
      { instances: [{ image_bytes: { b64: "AQID" } }, { image_bytes: { b64: "BAU=" } }] },
      { signature_name: "top_k", parameters: { k: 2 }, instances: [{ b64: "AQID" }, { b64: "BAU=" }] },
    ]);
  });

  test("gives back any status, with the body and Retry-After", async () => {
    const headers = { "Retry-After": "3" };
    const transport = answering("http://host", async () => new Response("busy", { status: 503, headers }));
    expect(await transport.send(IMAGES, NEVER)).toEqual({ status: 503, body: "busy", retryAfter: "3" });
  });

  test("says why no answer came", async () => {
    const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const transport = answering("http://host", async () => {
      throw new TypeError("fetch failed", { cause });
    });
    const sent = transport.send(IMAGES, NEVER);
    await expect(sent).rejects.toBeInstanceOf(UnansweredError);
    await expect(sent).rejects.toThrow("http://host: ECONNREFUSED");
  });

  test("says that a request can't be sent at all, which no other try would help", async () => {
    const transport = new HttpTransport({ url: predictUrl("http://127.0.0.1:1"), timeoutMs: 60_000 });
    await expect(transport.send(IMAGES, NEVER)).rejects.toBeInstanceOf(RefusedError);
  });

  /** Never answers, and fails as fetch does when it is aborted. */
  const silent: typeof fetch = (_, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });

  test("stops waiting after its timeout", async () => {
    const transport = answering("http://host", silent, { timeoutMs: 1 });
    await expect(transport.send(IMAGES, NEVER)).rejects.toBeInstanceOf(UnansweredError);
  });

  test("fails with the signal's reason when aborted", async () => {
    const controller = new AbortController();
    const sent = answering("http://host", silent).send(IMAGES, controller.signal);
    controller.abort(new Error("enough"));
    await expect(sent).rejects.toThrow("enough");
  });
});
