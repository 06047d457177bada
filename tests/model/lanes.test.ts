import { describe, expect, onTestFinished, test } from "vitest";
import { parseSettings } from "../../src/config/parse-settings.ts";
import { ImagePool } from "../../src/image-workers/image-pool.ts";
import { loadServable } from "../../src/load-servable.ts";
import type { Session, SessionPlace } from "../../src/runtime/session.ts";
import { WorkerSession } from "../../src/runtime/worker-session.ts";
import { tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { DIGITS_DIR, startServer } from "../support/start-server.ts";

// A thread takes this from the environment, before the native library initialises.
process.env.ORT_DISABLE_TELEMETRY = "1";

/** Real workers whose threads a test can end, and whose next ones it can hold up. */
class Threads {
  readonly places: SessionPlace[] = [];
  readonly #ends: (() => Promise<void>)[] = [];
  readonly #held: (() => void)[] = [];
  #isHolding = false;

  readonly start = async (modelPath: string, place: SessionPlace, onExit: () => void): Promise<Session> => {
    this.places.push(place);
    if (this.#isHolding) await new Promise<void>((resolve) => this.#held.push(resolve));
    const session = await WorkerSession.start({ modelPath, ...place, onExit });
    this.#ends.push(() => session.close());
    return session;
  };

  /** From now on new threads wait for {@link release}. */
  hold(): void {
    this.#isHolding = true;
  }

  release(): void {
    this.#isHolding = false;
    for (const start of this.#held.splice(0)) start();
  }

  /** Ends a thread behind its supervisor's back, and waits for the end. */
  async end(index: number): Promise<void> {
    await this.#ends[index]?.();
  }
}

/** Serves the digits with two lanes. */
async function serve() {
  const threads = new Threads();
  const started = await startServer({ flags: ["--inference-lanes=2"], startSession: threads.start });
  onTestFinished(() => {
    threads.release();
    return started.close();
  });
  const predict = async () => {
    const answer = await request(`${started.url}/analyze:predict`, { body: { instances: tenDigits() } });
    return { status: answer.status, predictions: answer.json.predictions };
  };
  const metric = async (line: string) =>
    (await request(`${started.url}/metrics`)).text.includes(`\n${line}\n`);
  const health = async () => (await request(`${started.url}/analyze`)).json;
  return { ...started, threads, predict, metric, health };
}

const DIGITS = { status: 200, predictions: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] };
const restarts = (lane: number, count: number) =>
  `onnx_serving_worker_restarts_total{worker="inference",lane="${lane}"} ${count}`;

describe("Server, with two lanes", () => {
  test("starts a session for each, with half the threads, and answers as one lane does", async () => {
    const { threads, predict, metric, url, log } = await serve();
    expect(threads.places).toEqual([
      { lane: 0, device: "cpu", intraOpThreads: 1, cudaDevice: 0 },
      { lane: 1, device: "cpu", intraOpThreads: 1, cudaDevice: 0 },
    ]);
    const answers = await Promise.all(Array.from({ length: 8 }, predict));
    expect(answers).toEqual(Array.from({ length: 8 }, () => DIGITS));
    expect(await metric("onnx_serving_lanes 2")).toBe(true);
    const lanes = { count: 2, intra_op_threads: 1, reason: "set by INFERENCE_LANES" };
    expect((await request(`${url}/v1/models/model/metadata`)).json).toMatchObject({
      onnx_serving: { lanes },
    });
    expect(log.find(({ msg }) => msg === "model loaded")).toMatchObject({
      lanes: { count: 2, intraOpThreads: 1 },
    });
  });

  test("serves on while one lane's thread is replaced, and counts that to the lane", async () => {
    const { threads, predict, metric, health, fatal } = await serve();
    threads.hold();
    await threads.end(1);
    expect(await health()).toEqual({ status: "OK" });
    expect(await metric("onnx_serving_lanes 1")).toBe(true);
    expect(await Promise.all([predict(), predict(), predict()])).toEqual([DIGITS, DIGITS, DIGITS]);
    threads.release();
    while (!(await metric("onnx_serving_lanes 2")));
    expect(await Promise.all([metric(restarts(0, 0)), metric(restarts(1, 1))])).toEqual([true, true]);
    expect(threads.places[2]).toEqual(threads.places[1]);
    expect(fatal).toEqual([]);
  });

  test("is not ready while both lanes are lost, and ready again with the first that is back", async () => {
    const { threads, predict, health } = await serve();
    threads.hold();
    await Promise.all([threads.end(0), threads.end(1)]);
    expect(await health()).toMatchObject({ status: "LOADING" });
    threads.release();
    while ((await health()).status !== "OK");
    expect(await predict()).toEqual(DIGITS);
  });

  test("gives up at the third death in a minute, whichever lanes they are", async () => {
    const { threads, metric, health, fatal } = await serve();
    await threads.end(0);
    await threads.end(1);
    while (!(await metric("onnx_serving_lanes 2")));
    expect(fatal).toEqual([]);
    await threads.end(2);
    expect(fatal.map(({ message }) => message)).toEqual(["the inference worker died 3 times in 60 s"]);
    expect(await health()).toMatchObject({ status: "FAILED" });
  });
});

describe("loadServable, on four CPUs", () => {
  test("tries more lanes, keeps those that it tells of, and closes all others", async () => {
    const imagePool = new ImagePool({ workers: 1, maxImagePixels: 1e6, imageTimeoutMs: 30_000 });
    const open = new Set<SessionPlace>();
    const { servable, session } = await loadServable({
      settings: parseSettings([`--model-dir=${DIGITS_DIR}`, "--device=cpu"], {}),
      imagePool,
      cpus: 4,
      cuda: { devices: [0], areNamed: false },
      startSession: (modelPath, place) => {
        open.add(place);
        return WorkerSession.start({ modelPath, ...place, onExit: () => open.delete(place) });
      },
    });
    onTestFinished(async () => {
      await Promise.all([session.close(), imagePool.close()]);
    });
    const { count, intraOpThreads, reason } = servable.lanes;
    // Which of them is best is the machine's to say.
    expect([1, 2, 4]).toContain(count);
    expect(intraOpThreads).toBe(4 / count);
    expect(reason).toMatch(/^[24] lanes of [12] threads? .*\d rows\/s/);
    expect(session.count).toBe(count);
    const places = Array.from({ length: count }, (_, lane) => ({
      lane,
      device: "cpu",
      intraOpThreads,
      cudaDevice: 0,
    }));
    expect([...open].sort((a, b) => a.lane - b.lane)).toEqual(places);
  });
});
