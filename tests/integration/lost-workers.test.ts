import { describe, expect, onTestFinished, test } from "vitest";
import { StartupError } from "../../src/errors.ts";
import type { StartSession } from "../../src/lane-starter.ts";
import { WorkerSession } from "../../src/runtime/worker-session.ts";
import { imageInstance } from "../support/digits.ts";
import { doublingSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { predict } from "../support/predict.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

/** An inference worker's program: it echoes x as y, and does `onPoison` for 13. */
const program = (onPoison: string) => `
  import { parentPort } from "node:worker_threads";
  const spec = (name) => ({ name, dtype: "float32", shape: ["N"] });
  parentPort.on("message", (message) => {
    if (message === "close") return parentPort.close();
    const { id, feed } = message;
    const rows = feed.rows.map(({ x }) => x.data[0]);
    if (rows.includes(13)) { ${onPoison} }
    const y = { dtype: "float32", shape: [rows.length], data: Float32Array.from(rows) };
    parentPort.postMessage({ kind: "ran", id, parts: [{ outputs: { y }, rowCount: rows.length }], computeInferMs: 1 });
  });
  parentPort.postMessage({ kind: "loaded", info: { inputs: [spec("x")], outputs: [spec("y")], provider: "cpu" } });
`;

const dataUrl = (source: string) => new URL(`data:text/javascript,${encodeURIComponent(source)}`);

/** Serves with workers of that program; `next` is the one of the workers after the first. */
async function serve(first: string, { next = first, runTimeoutMs = 0 } = {}) {
  let starts = 0;
  const startSession: StartSession = (modelPath, place, onLost) => {
    starts += 1;
    const entry = dataUrl(starts === 1 ? first : next);
    return WorkerSession.start({ modelPath, ...place, entry, runTimeoutMs, onLost });
  };
  const started = await startServer({ files: { "model.onnx": halfPlusTwo() }, startSession });
  onTestFinished(() => started.close());
  const health = async () => (await request(`${started.url}/analyze`)).json.status;
  const lost = async () =>
    /worker_restarts_total\{worker="inference",lane="0"\} (\d+)/.exec(
      (await request(`${started.url}/metrics`)).text,
    )?.[1];
  return { ...started, health, lost, starts: () => starts };
}

describe("Server, an inference worker of which", () => {
  test.each([
    ["throws within a batch", "throw new Error('broke');"],
    ["ends within a batch", "process.exit(1);"],
  ])("%s fails that batch with 500, and is replaced", async (_, onPoison) => {
    const { url, health, lost, fatal } = await serve(program(onPoison));
    const poisoned = await predict(url, [1, 13]);
    expect([poisoned.status, poisoned.json.code]).toEqual([500, "INFERENCE_FAILED"]);
    while ((await health()) !== "OK");
    expect((await predict(url, [1, 2])).json).toEqual({ predictions: [1, 2] });
    expect(await lost()).toBe("1");
    expect(fatal).toEqual([]);
  });

  test("hangs: fails the batch with 500, is replaced, and by a second one the server ends", async () => {
    const wait = "return;";
    const { url, health, lost, fatal } = await serve(program(wait), { runTimeoutMs: 200 });
    const hung = await predict(url, [13]);
    expect([hung.status, hung.json.code]).toEqual([500, "INFERENCE_FAILED"]);
    while ((await health()) !== "OK");
    expect((await predict(url, [1, 2])).json).toEqual({ predictions: [1, 2] });
    expect([await lost(), fatal]).toEqual(["1", []]);
    await predict(url, [13]);
    expect(fatal.map(({ message }) => message)).toEqual([
      "2 runs did not end within RUN_TIMEOUT_MS, and can't be ended",
    ]);
    expect(await health()).toBe("FAILED");
    const refused = await predict(url, [1]);
    expect([refused.status, refused.json.code]).toEqual([503, "NOT_READY"]);
    expect(refused.headers.connection).toBe("close");
  });

  test("is not ready while it has none, and ends after the third that dies as it starts", async () => {
    const { url, health, fatal, starts } = await serve(program("process.exit(1);"), {
      next: "process.exit(1);",
    });
    const waits = predict(url, [13]);
    expect((await waits).json.code).toBe("INFERENCE_FAILED");
    while (fatal.length === 0) expect(await health()).not.toBe("OK");
    expect(fatal.map(({ message }) => message)).toEqual(["the inference worker was lost 3 times in 60 s"]);
    expect(await health()).toBe("FAILED");
    // The first, and two more: no storm.
    expect(starts()).toBe(3);
  });
});

describe("Server without hope of another inference worker", () => {
  test("refuses what waits for one at once", async () => {
    const session = doublingSession();
    let lose = () => {};
    let starts = 0;
    const startSession: StartSession = async (_path, _place, onLost) => {
      starts += 1;
      if (starts > 1) throw new StartupError("no memory");
      lose = () => onLost("died");
      return session;
    };
    const flags = ["--max-batch-size=1"];
    const { url, fatal, close } = await startServer({
      files: { "model.onnx": halfPlusTwo() },
      startSession,
      flags,
    });
    onTestFinished(close);
    session.hold();
    const runs = predict(url, [1]);
    const queued = async () => (await request(`${url}/metrics`)).text.includes("onnx_serving_queue_rows 1");
    const inflight = async () =>
      (await request(`${url}/metrics`)).text.includes("onnx_serving_inflight_instances 1");
    while (!(await inflight()));
    const waits = predict(url, [2]);
    while (!(await queued()));
    lose();
    // The run of a thread that died ends as well.
    session.release();
    const { status, json } = await waits;
    expect([status, json.code]).toEqual([503, "NOT_READY"]);
    expect(fatal.map(({ message }) => message)).toEqual(["no memory"]);
    await runs;
  });
});

describe("Server, an image that ends its worker", () => {
  test("fails alone each of five times that it is sent, and costs two workers each", async () => {
    const poison = imageInstance(solidPng(8, 8, [0, 255, 0]));
    const good = imageInstance(solidPng(8, 8, [255, 0, 0]));
    const { url, fatal, close } = await startServer({
      files: {
        "model.onnx": classifier(),
        "serving.json": { preprocess: { mean: [0], std: [1] } },
        "handler.mjs": `
          export function preprocess(image) {
            if (image.data[1] === 255) process.exit(1);
            return image;
          }`,
      },
    });
    onTestFinished(close);
    const instances = [good, poison, ...Array.from({ length: 8 }, () => good)];
    const outcomes: unknown[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      const [sent, neighbour] = await Promise.all([
        request(`${url}/analyze:predict`, { body: { instances } }),
        request(`${url}/analyze:predict`, { body: { instances: [good, good] } }),
      ]);
      outcomes.push([sent.status, sent.headers["x-failed-instances"], neighbour.json.predictions]);
    }
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => [200, "1", [0, 0]]));
    const metrics = (await request(`${url}/metrics`)).text;
    expect(metrics).toContain('worker_restarts_total{worker="image"} 10');
    expect(fatal).toEqual([]);
  });
});
