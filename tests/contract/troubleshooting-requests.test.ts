import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ERROR_CODES, type ServingError } from "../../src/errors.ts";
import { requireWork } from "../../src/serving/take-work.ts";
import { digitPng, imageInstance } from "../support/digits.ts";
import { doublingSession, type PuppetSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";
import { isAsWritten, QUOTED_ERRORS, ROOT, thrownBy } from "../support/troubleshooting-page.ts";

interface ErrorAnswer {
  readonly code: string;
  readonly error: string;
}

const LIMITS = ["--max-instances=2", "--max-image-pixels=4096", "--max-body-bytes=20000"];
/** No trial of lanes and batch sizes. */
const QUICK = ["--inference-lanes=1", "--max-batch-size=1"];

let digits: StartedServer;
beforeAll(async () => {
  digits = await startServer({ flags: [...LIMITS, ...QUICK] });
});
afterAll(() => digits.close());

async function start(options: StartOptions): Promise<StartedServer> {
  const started = await startServer(options);
  onTestFinished(() => started.close());
  return started;
}

type Body = Uint8Array | string | object;

const post = async (url: string, body?: Body, headers: Record<string, string> = {}) =>
  (await request(url, { headers, ...(body === undefined ? {} : { body }) })).json as unknown as ErrorAnswer;
const predict = (body: Body, headers?: Record<string, string>) =>
  post(`${digits.url}/analyze:predict`, body, headers);

/** A server of tensors whose session does as it is told. */
async function tensors(flags: readonly string[], tell: (session: PuppetSession) => void = () => {}) {
  const session = doublingSession();
  const files = { "model.onnx": halfPlusTwo() };
  const started = await start({ files, flags, startSession: async () => session });
  tell(session);
  onTestFinished(() => session.release());
  const url = `${started.url}/v1/models/model:predict`;
  return { ...started, session, url, predict: (instances: readonly number[]) => post(url, { instances }) };
}

/** What only time or a load brings about, as it stands in the source. */
const inSource = async (path: string, code: string, text: string): Promise<ErrorAnswer> => {
  const [first = ""] = text.split("...");
  const stands = readFileSync(join(ROOT, path), "utf8").includes(first);
  return { code, error: stands ? text.replaceAll("...", "1") : `not in ${path}` };
};

const left = async () => {
  const { url, log, session } = await tensors([], (session) => session.hold());
  const before = session.runs.length;
  const leaving = new AbortController();
  const gone = request(url, { body: { instances: [1] }, signal: leaving.signal }).catch(() => {});
  while (session.runs.length === before) await new Promise((resolve) => setImmediate(resolve));
  leaving.abort();
  await gone;
  const logged = () => log.find(({ status }) => status === 499);
  while (logged() === undefined) await new Promise((resolve) => setImmediate(resolve));
  return { code: String(logged()?.code), error: JSON.stringify(logged()) };
};

const failing = async () => {
  const server = await tensors([], (session) => {
    session.run = async ({ ...feed }) => ({
      rows: ("rows" in feed ? feed.rows : [0]).map(() => ({ error: "Non-zero status" })),
      computeInferMs: 1,
    });
  });
  return server.predict([1]);
};

const broken = async () => {
  const server = await tensors([], (session) => {
    session.run = () => Promise.reject(new TypeError("x is not a function"));
  });
  return server.predict([1]);
};

/** Turns down the digits, which are 64 pixels high, and not the picture of the start. */
const HANDLER =
  'export const preprocess = (image) => { if (image.height === 64) throw new Error("no"); return image; };';

const noWork = async (state: "LOADING" | "DRAINING") => {
  const lifecycle = { takesWork: false, state } as Parameters<typeof requireWork>[0]["lifecycle"];
  const { code, message } = (await thrownBy(() => requireWork({ lifecycle }))) as ServingError;
  return { code, error: message };
};

/** How each error of a request comes about. */
const ANSWERED: Readonly<Record<string, () => Promise<ErrorAnswer>>> = {
  "JSON Parse error: ...": () => predict('{"instances":['),
  "expected either 'instances' or 'image_bytes', got neither": () => predict({ images: [] }),
  "'inputs' is taken by /v1/models/<name>:predict, not here": () => predict({ inputs: [1] }),
  "the body looks like ...; expected JSON, an image or multipart/form-data with one file": () =>
    predict("https://example.com/7.png"),
  'Serving signature name: "..." not found in signature def; this model offers: ...': () =>
    predict({ signature_name: "mask", instances: [imageInstance(digitPng(1))] }),
  "parameters.k: ...": () =>
    predict({ signature_name: "top_k", parameters: { k: 0 }, instances: [imageInstance(digitPng(1))] }),
  "image_bytes: the model takes no images; send 'instances'": async () => {
    const { url } = await tensors([]);
    return post(url.replace("/v1/models/model", "/analyze"), { image_bytes: { b64: "AAAA" } });
  },
  "the body is not valid gzip": () => predict("{}", { "content-encoding": "gzip" }),
  "Malformed request: POST /v1/...": () => post(`${digits.url}/v1/models/model/predict`, "{}"),
  "...: expected base64, got ... at offset ...": () =>
    predict({ instances: [{ image_bytes: { b64: "a*b=" } }] }),
  "...: expected an image, got an HTML page": () =>
    predict({ instances: [imageInstance(Buffer.from("<html></html>"))] }),
  "...: expected an image, got an empty one (0 bytes)": () =>
    predict({ instances: [imageInstance(Buffer.alloc(0))] }),
  "...: expected an image, got a truncated PNG": () => predict(digitPng(1).subarray(0, 200)),
  "the body looks like an SVG image; expected JSON, an image or multipart/form-data with one file": () =>
    predict("<svg xmlns='http://www.w3.org/2000/svg'/>"),
  "there is nothing at ...": () => post(`${digits.url}/analyse:predict`, "{}"),
  "Servable not found for request: ...": () =>
    post(`${digits.url}/v1/models/lynx:predict`, { instances: [1] }),
  "/analyze:predict takes POST": () => post(`${digits.url}/analyze:predict`),
  'application/x-npy: signature "label" gives no array of numbers; ask for one of ...': () =>
    predict(
      { signature_name: "label", instances: [imageInstance(digitPng(1))] },
      { accept: "application/x-npy" },
    ),
  'Content-Encoding "..." is not supported: send gzip, deflate, br or none': () =>
    predict(gzipSync("{}"), { "content-encoding": "zstd" }),
  "the body is larger than MAX_BODY_BYTES (...)": () => predict(Buffer.alloc(20_001, " ")),
  "instances: expected at most ... elements, got ...": () =>
    predict({ instances: [1, 2, 3].map((digit) => imageInstance(digitPng(digit))) }),
  "...: expected an image of at most ... pixels, got ...": () => {
    const png = Buffer.from(digitPng(1));
    png.writeUInt32BE(65, 16);
    return predict(png);
  },
  "the request did not arrive within RECEIVE_TIMEOUT_MS": () =>
    inSource(
      "src/http/client-error.ts",
      "REQUEST_TIMEOUT",
      "the request did not arrive within RECEIVE_TIMEOUT_MS",
    ),
  '{...,"status":499,...,"code":"CANCELLED",...}': left,
  "internal error; this is a bug, the log has the cause": broken,
  "...: handler.mjs failed in ...": async () => {
    const { url } = await start({
      files: { "model.onnx": classifier(), "handler.mjs": HANDLER },
      flags: QUICK,
    });
    return post(`${url}/v1/models/model:predict`, { instances: [imageInstance(digitPng(1))] });
  },
  "...: the model could not run on this input": failing,
  "the queue is full (...); try again in ... s": async () => {
    const server = await tensors(["--max-enqueued-instances=3"], (session) => session.hold());
    const { runs } = server.session;
    const before = runs.length;
    const held = server.predict([1, 2]);
    while (runs.length === before) await new Promise((resolve) => setImmediate(resolve));
    const refused = await server.predict([1, 2]);
    server.session.release();
    await held;
    return refused;
  },
  "the queue is too long for an answer in time (...); try again in ... s": () =>
    inSource(
      "src/serving/admission.ts",
      "QUEUE_FULL",
      "the queue is too long for an answer in time (...); try again in ... s",
    ),
  "predictions are not answered now: LOADING": () => noWork("LOADING"),
  "predictions are not answered now: DRAINING": () => noWork("DRAINING"),
  "no answer within ... ms (REQUEST_TIMEOUT_MS)": async () => {
    const server = await tensors(["--request-timeout-ms=50"], (session) => session.hold());
    return server.predict([1]);
  },
};

describe("docs/troubleshooting.md", () => {
  test("quotes the errors that are made here, and no others", () => {
    expect(QUOTED_ERRORS.map(([, message]) => message).toSorted()).toEqual(Object.keys(ANSWERED).toSorted());
  });

  test("leaves out no code of an error", () => {
    expect(new Set(QUOTED_ERRORS.map(([code]) => code))).toEqual(new Set(ERROR_CODES));
  });

  test.each(Object.entries(ANSWERED))("%s, with its code", async (asWritten, make) => {
    const { code, error } = await make();
    expect(isAsWritten(error, asWritten), error).toBe(true);
    expect(QUOTED_ERRORS).toContainEqual([code, asWritten]);
  });
});
