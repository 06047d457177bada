import { describe, expect, onTestFinished, test } from "vitest";
import { parseSettings } from "../../src/config/parse-settings.ts";
import { ImagePool } from "../../src/image-workers/image-pool.ts";
import type { StartSession } from "../../src/lane-starter.ts";
import { loadServable } from "../../src/load-servable.ts";
import type { SessionPlace } from "../../src/runtime/session.ts";
import { WorkerSession } from "../../src/runtime/worker-session.ts";
import { tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { DIGITS_DIR, startServer } from "../support/start-server.ts";

// A thread takes this from the environment, before the native library initialises.
process.env.ORT_DISABLE_TELEMETRY = "1";

/** Real workers whose threads a test can end, and whose next ones it can hold up. */
class Threads {
  readonly places: SessionPlace[] = [];
  /** Of each lane, its newest: a lane that tried more batch sizes than it serves is opened twice. */
  readonly #sessions = new Map<number, WorkerSession>();
  readonly #held: (() => void)[] = [];
  #isHolding = false;

  readonly start: StartSession = async (modelPath, place, onLost) => {
    this.places.push(place);
    if (this.#isHolding) await new Promise<void>((resolve) => this.#held.push(resolve));
    const session = await WorkerSession.start({ modelPath, ...place, onLost });
    this.#sessions.set(place.lane, session);
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

  /** Ends a lane's thread behind its supervisor's back, and waits for the end. */
  async end(lane: number): Promise<void> {
    await this.#sessions.get(lane)?.close();
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
    expect(threads.places.slice(0, 2)).toEqual([
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
    expect(threads.places.at(-1)).toEqual(threads.places[1]);
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
    await threads.end(0);
    expect(fatal.map(({ message }) => message)).toEqual(["the inference worker was lost 3 times in 60 s"]);
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
      startSession: ({ path }, place) => {
        open.add(place);
        return WorkerSession.start({ modelPath: path, ...place, onLost: () => open.delete(place) });
      },
    });
    onTestFinished(async () => {
      await Promise.all([session.close(), imagePool.close()]);
    });
    const { count, intraOpThreads, wideThreads, reason } = servable.lanes;
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
    // Lanes that share the CPUs leave one session with all of them, for a row that is alone.
    expect(wideThreads).toBe(count === 1 ? undefined : 4);
    if (count > 1) places.push({ lane: count, device: "cpu", intraOpThreads: 4, cudaDevice: 0 });
    expect([...open].sort((a, b) => a.lane - b.lane)).toEqual(places);
  });
});
