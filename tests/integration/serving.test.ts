import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance, tenDigits } from "../support/digits.ts";
import { doublingSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { imageEcho } from "../support/onnx/image-models.ts";
import { slowClassifier } from "../support/onnx/slow-model.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { MOST_NUMBERED, sendNumberedImages } from "../support/send-numbered-images.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

/** Raise it for a long run: `DEMUX_IMAGES=20000 npx vitest run --project integration`. */
const DEMUX_IMAGES = Number(process.env.DEMUX_IMAGES ?? 800);

describe("Server", () => {
  test("sends each answer to the request, and the place in it, that it belongs to", async () => {
    const started = await startServer({
      files: { "model.onnx": imageEcho() },
      flags: [`--max-enqueued-instances=${MOST_NUMBERED}`],
      cpus: 2,
    });
    onTestFinished(() => started.close());
    const { sent, mismatches } = await sendNumberedImages(started.url, DEMUX_IMAGES);
    expect(mismatches).toEqual([]);
    const metrics = await request(`${started.url}/metrics`);
    const batches = Number(/onnx_serving_batch_size_count (\d+)/.exec(metrics.text)?.[1]);
    expect(batches).toBeLessThan(sent);
  });

  test("answers GET /analyze again and again during each run of the model, while clients load the server", async () => {
    // About a quarter of a second a run on two cores. Counted in runs, not in milliseconds: a busy machine slows both.
    const started = await startServer({
      files: { "model.onnx": slowClassifier({ products: 20 }) },
      flags: ["--max-batch-size=1"],
      cpus: 2,
    });
    onTestFinished(() => started.close());
    const instances = [imageInstance(solidPng(8, 8, [255, 0, 0]))];
    const runs = 5;
    let ended = 0;
    const load = Array.from({ length: runs }, async () => {
      await request(`${started.url}/analyze:predict`, { body: { instances } });
      ended += 1;
    });
    const health: { status: number; wholeRuns: number }[] = [];
    while (ended < runs) {
      const before = ended;
      const { status } = await request(`${started.url}/analyze`);
      health.push({ status, wholeRuns: Math.max(0, ended - before - 1) });
    }
    await Promise.all(load);
    expect(health.length).toBeGreaterThan(5 * runs);
    expect(health.filter(({ status, wholeRuns }) => status !== 200 || wholeRuns > 0)).toEqual([]);
  });

  test("lets a request of one instance pass between the batches of a large one", async () => {
    const session = doublingSession();
    const started = await startServer({
      files: { "model.onnx": halfPlusTwo() },
      flags: ["--max-batch-size=4"],
      startSession: async () => session,
    });
    onTestFinished(() => started.close());
    const predictUrl = `${started.url}/v1/models/model:predict`;
    const before = session.runs.length;
    session.hold();
    const order: string[] = [];
    const large = request(predictUrl, { body: { instances: Array.from({ length: 40 }, (_, i) => i) } });
    void large.then(() => order.push("large"));
    while (session.runs.length === before) await new Promise((resolve) => setImmediate(resolve));
    const small = request(predictUrl, { body: { instances: [7] } });
    void small.then(() => order.push("small"));
    while (!(await request(`${started.url}/metrics`)).text.includes("onnx_serving_queue_rows 37"));
    session.release();
    expect((await small).json).toEqual({ predictions: [14] });
    expect((await large).json.predictions).toHaveLength(40);
    expect(order).toEqual(["small", "large"]);
  });

  test("gives an image the same numbers alone, in a batch and beside bad ones", async () => {
    const started = await startServer();
    onTestFinished(() => started.close());
    const predict = async (instances: object[]) => {
      const body = { signature_name: "serving_default", instances };
      return (await request(`${started.url}/analyze:predict`, { body })).json.predictions as number[][];
    };
    const digits = tenDigits();
    const alone = await Promise.all(digits.map(async (digit) => (await predict([digit]))[0]));
    const together = await predict(digits);
    const besideBad = await predict(digits.flatMap((digit) => [digit, { image_bytes: { b64: "PGh0bWw+" } }]));
    const largest = (rows: (number[] | undefined)[]) =>
      Math.max(
        ...rows.flatMap((row, i) => (row ?? []).map((value, j) => Math.abs(value - (alone[i]?.[j] ?? 0)))),
      );
    expect(largest(together)).toBeLessThan(1e-5);
    expect(largest(besideBad.filter((_, i) => i % 2 === 0))).toBeLessThan(1e-5);
  });
});
