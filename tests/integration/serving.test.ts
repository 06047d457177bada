import http from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance, tenDigits } from "../support/digits.ts";
import { doublingSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { colorOfNumber, imageEcho } from "../support/onnx/image-models.ts";
import { slowClassifier } from "../support/onnx/slow-model.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

/** Raise it for a long run: `DEMUX_IMAGES=20000 npx vitest run --project integration`. */
const DEMUX_IMAGES = Number(process.env.DEMUX_IMAGES ?? 2000);

describe("Server", () => {
  test("sends each answer to the request, and the place in it, that it belongs to", async () => {
    const started = await startServer({
      files: { "model.onnx": imageEcho() },
      flags: ["--max-enqueued-instances=4096"],
    });
    onTestFinished(() => started.close());
    const agent = new http.Agent({ keepAlive: true });
    let next = 0;
    const mismatches: unknown[] = [];
    const client = async (seed: number) => {
      for (let turn = 0; next < DEMUX_IMAGES; turn++) {
        const size = 1 + ((seed * 7 + turn * 13) % 40);
        const numbers = Array.from({ length: size }, () => (next++ * 40_503) % 2 ** 24);
        const instances = numbers.map((number) => imageInstance(solidPng(8, 8, colorOfNumber(number))));
        const answer = await request(`${started.url}/analyze:predict`, { body: { instances }, agent });
        const got = (answer.json.predictions as number[][]).flat();
        if (JSON.stringify(got) !== JSON.stringify(numbers)) mismatches.push({ numbers, got });
      }
    };
    await Promise.all(Array.from({ length: 64 }, (_, seed) => client(seed)));
    agent.destroy();
    expect(mismatches).toEqual([]);
    const metrics = await request(`${started.url}/metrics`);
    const batches = Number(/onnx_serving_batch_size_count (\d+)/.exec(metrics.text)?.[1]);
    expect(batches).toBeLessThan(next);
  });

  test("answers GET /analyze while the model runs, and while clients load the server", async () => {
    // About half a second a run on two cores.
    const started = await startServer({ files: { "model.onnx": slowClassifier({ products: 40 }) } });
    onTestFinished(() => started.close());
    const instances = [imageInstance(solidPng(8, 8, [255, 0, 0]))];
    let isOver = false;
    const load = Array.from({ length: 20 }, async () => {
      await request(`${started.url}/analyze:predict`, { body: { instances } });
    });
    const health: { status: number; ms: number }[] = [];
    const poll = (async () => {
      while (!isOver) {
        const startMs = performance.now();
        const { status } = await request(`${started.url}/analyze`);
        health.push({ status, ms: performance.now() - startMs });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await Promise.all(load);
    isOver = true;
    await poll;
    expect(health.length).toBeGreaterThan(10);
    expect(health.filter(({ status }) => status !== 200)).toEqual([]);
    expect(Math.max(...health.map(({ ms }) => ms))).toBeLessThan(250);
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
