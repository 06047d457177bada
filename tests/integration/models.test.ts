import { mkdirSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { StartSession } from "../../src/lane-starter.ts";
import type { Session } from "../../src/runtime/session.ts";
import { WorkerSession } from "../../src/runtime/worker-session.ts";
import { doublingSession, type PuppetSession } from "../support/fake-session.ts";
import { request } from "../support/http-client.ts";
import { type FolderFiles, temporaryModelFolder } from "../support/model-folder.ts";
import { halfPlusTwo, identity } from "../support/onnx/tensor-models.ts";
import { type StartOptions, startServer } from "../support/start-server.ts";

const half = halfPlusTwo();
const same = identity("float32");

/** Serves the models in a folder of this test's own, which looks for new ones every second. */
async function serve(files: FolderFiles, { flags = [], ...options }: StartOptions = {}) {
  const root = temporaryModelFolder(files);
  const poll = "--file-system-poll-wait-seconds=1";
  const source = options.source?.replace("ROOT", root) ?? `--model-base-path=${root}`;
  const started = await startServer({ ...options, source, flags: [poll, ...flags] });
  onTestFinished(() => started.close());
  const { url } = started;
  const ask = async (path: string, instances: readonly number[] = [4]) => {
    const { status, json } = await request(`${url}/v1/models/${path}:predict`, { body: { instances } });
    return status === 200 ? json.predictions : json.code;
  };
  const states = async (path: string) => {
    const { json } = await request(`${url}/v1/models/${path}`);
    return (json.model_version_status as { version: string; state: string }[]).map(
      ({ version, state }) => `${version} ${state}`,
    );
  };
  /** A folder that is filled elsewhere and then renamed, as deployments do it. */
  const addVersion = (path: string, model: Uint8Array) => {
    mkdirSync(join(root, ".new"));
    writeFileSync(join(root, ".new", "model.onnx"), model);
    renameSync(join(root, ".new"), join(root, path));
  };
  return { ...started, root, ask, states, addVersion };
}

describe("Server of several models", () => {
  test("answers for each, by version too, and for the first where none is named", async () => {
    const { url, ask, states } = await serve({
      "half/1/model.onnx": same,
      "half/3/model.onnx": half,
      "same/model.onnx": same,
    });
    expect([
      await ask("half"),
      await ask("half/versions/3"),
      await ask("same"),
      await ask("same/versions/1"),
    ]).toEqual([[4], [4], [4], [4]]);
    expect([await ask("half", [1]), await ask("same", [1])]).toEqual([[2.5], [1]]);
    expect([await ask("half/versions/1"), await ask("other")]).toEqual(["NOT_FOUND", "NOT_FOUND"]);
    expect([await states("half"), await states("same")]).toEqual([["3 AVAILABLE"], ["1 AVAILABLE"]]);
    const first = await request(`${url}/analyze:predict`, { body: { instances: [{ x: 1 }] } });
    expect(first.json).toEqual({ predictions: [2.5] });
    const { json } = await request(`${url}/v1/models/half/metadata`);
    expect(json.model_spec).toEqual({ name: "half", signature_name: "", version: "3" });
    const metrics = (await request(`${url}/metrics`)).text;
    for (const model of ["half", "same"]) {
      expect(metrics).toContain(`onnx_serving_lanes{model="${model}"} 1`);
      expect(metrics).toMatch(new RegExp(`instances_total{outcome="ok",model="${model}"} [1-9]`));
    }
  });

  test("serves what a MODEL_CONFIG_FILE says: two versions, and labels for them", async () => {
    const root = temporaryModelFolder({ "tiles/1/model.onnx": same, "tiles/2/model.onnx": half });
    const config = (canary: number) => `model_config_list { config {
      name: "tiles" base_path: "${join(root, "tiles")}" model_platform: "tensorflow"
      model_version_policy { all { } }
      version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: ${canary} } } }`;
    const file = join(root, "models.config");
    writeFileSync(file, config(2));
    const { ask, states } = await serve({}, { source: `--model-config-file=${file}` });
    expect([await ask("tiles/labels/stable", [1]), await ask("tiles/labels/canary", [1])]).toEqual([
      [1],
      [2.5],
    ]);
    expect([await ask("tiles", [1]), await ask("tiles/labels/none")]).toEqual([[2.5], "INVALID_ARGUMENT"]);
    expect([await states("tiles"), await states("tiles/labels/stable")]).toEqual([
      ["2 AVAILABLE", "1 AVAILABLE"],
      ["1 AVAILABLE"],
    ]);
    writeFileSync(file, config(1));
    while (((await ask("tiles/labels/canary", [1])) as number[])[0] !== 1);
  });

  test("replaces a version without one failed request while clients ask all the time", async () => {
    const { ask, states, addVersion } = await serve({ "a/1/model.onnx": half, "b/1/model.onnx": half });
    const answers: unknown[] = [];
    let isOver = false;
    const client = async () => {
      while (!isOver) answers.push(await ask("a", [1]));
    };
    const clients = Array.from({ length: 4 }, client);
    addVersion("a/2", same);
    while (!(await states("a")).includes("1 END"));
    isOver = true;
    await Promise.all(clients);
    expect(new Set(answers.map(String))).toEqual(new Set(["2.5", "1"]));
    // Whoever got the new version's answer never gets the old one's again.
    expect([await ask("a", [1]), await ask("b", [1])]).toEqual([[1], [2.5]]);
    expect(await states("a")).toEqual(["2 AVAILABLE", "1 END"]);
  });

  test("answers what an old version has let in, even half a body, before it ends its workers", async () => {
    const sessions = new Map<string, PuppetSession>();
    const startSession: StartSession = async (path) => {
      const session = doublingSession();
      sessions.set(path, session);
      return session;
    };
    const { root, url, port, ask, states, addVersion } = await serve(
      { "a/1/model.onnx": half },
      { startSession },
    );
    const old = sessions.get(join(root, "a/1/model.onnx"));
    const uploading = openRequest(port, "/v1/models/a:predict", '{"instances":', " [3]}");
    const isLetIn = async () =>
      (await request(`${url}/metrics`)).text.includes("onnx_serving_inflight_requests 1");
    while (!(await isLetIn()));
    addVersion("a/2", half);
    while (!(await states("a")).includes("2 AVAILABLE"));
    expect(await states("a")).toEqual(["2 AVAILABLE", "1 UNLOADING"]);
    expect([await ask("a", [5]), old?.isClosed]).toEqual([[10], false]);
    const runs = old?.runs.length;
    expect(JSON.parse(await uploading.finish())).toEqual({ predictions: [6] });
    expect(old?.runs.length).toBe((runs ?? 0) + 1);
    while (!(await states("a")).includes("1 END"));
    expect(old?.isClosed).toBe(true);
  });

  test("serves the old version while the new one is half copied, and the new one when it is whole", async () => {
    const { root, ask, states, addVersion, log } = await serve({ "a/1/model.onnx": half });
    addVersion("a/2", same.subarray(0, same.length - 7));
    while (!(await states("a")).includes("2 END"));
    expect(await ask("a", [1])).toEqual([2.5]);
    expect(log.some(({ msg }) => msg === "a version can't be served")).toBe(true);
    truncateSync(join(root, "a/2/model.onnx"));
    writeFileSync(join(root, "a/2/model.onnx"), same);
    while (!(await states("a")).includes("2 AVAILABLE"));
    expect(await ask("a", [1])).toEqual([1]);
  });

  test("lets the batches of two models take turns, however many rows wait for one", async () => {
    const order: string[] = [];
    const held: (() => void)[] = [];
    let isHolding = false;
    const startSession: StartSession = async (path) => {
      const session = doublingSession();
      const name = path.includes("/busy/") ? "busy" : "other";
      const run: Session["run"] = async (feed) => {
        if (isHolding) order.push(name);
        if (isHolding) await new Promise<void>((resolve) => held.push(resolve));
        return session.run(feed);
      };
      return { info: session.info, run, close: () => session.close() };
    };
    const { url, ask } = await serve(
      { "busy/model.onnx": half, "other/model.onnx": half },
      { startSession, flags: ["--max-batch-size=2"] },
    );
    const queued = async (model: string, rows: number) =>
      (await request(`${url}/metrics`)).text.includes(`onnx_serving_queue_rows{model="${model}"} ${rows}`);
    isHolding = true;
    const busy = ask("busy", [1, 2, 3, 4, 5, 6, 7, 8]);
    while (!(await queued("busy", 6)));
    const other = ask("other", [1, 2, 3, 4]);
    while (!(await queued("other", 4)));
    for (let ended = 0; ended < 6; ended++) {
      while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(held).toHaveLength(1);
      held.shift()?.();
    }
    expect([await busy, await other]).toEqual([
      [2, 4, 6, 8, 10, 12, 14, 16],
      [2, 4, 6, 8],
    ]);
    expect(order).toEqual(["busy", "other", "busy", "other", "busy", "busy"]);
  });
});

/** Sends the head and the first part of a body; `finish` sends the rest and gives the answer's body. */
function openRequest(port: number, path: string, first: string, rest: string) {
  const length = Buffer.byteLength(first + rest);
  const sent = http.request({ port, path, method: "POST", headers: { "Content-Length": length } });
  const answer = new Promise<string>((resolve, reject) => {
    sent.once("error", reject);
    sent.once("response", async (response) => {
      const chunks = await response.toArray();
      resolve(Buffer.concat(chunks).toString());
    });
  });
  sent.write(first);
  return {
    finish: () => {
      sent.end(rest);
      return answer;
    },
  };
}

/** An inference worker's program: it echoes x as y, and ends for 13. */
const ECHO = `
  import { parentPort } from "node:worker_threads";
  const spec = (name) => ({ name, dtype: "float32", shape: ["N"] });
  parentPort.on("message", (message) => {
    if (message === "close") return parentPort.close();
    const { id, feed } = message;
    const rows = feed.rows.map(({ x }) => x.data[0]);
    if (rows.includes(13)) process.exit(1);
    const y = { dtype: "float32", shape: [rows.length], data: Float32Array.from(rows) };
    parentPort.postMessage({ kind: "ran", id, parts: [{ outputs: { y }, rowCount: rows.length }], computeInferMs: 1 });
  });
  parentPort.postMessage({ kind: "loaded", info: { inputs: [spec("x")], outputs: [spec("y")], provider: "cpu" } });
`;

describe("Server of several models, an inference worker of one of which is lost,", () => {
  test("has that model LOADING until it has another, is ready, and answers for the others", async () => {
    const entry = new URL(`data:text/javascript,${encodeURIComponent(ECHO)}`);
    let restart = () => {};
    let starts = 0;
    const startSession: StartSession = async (modelPath, place, onLost) => {
      starts += 1;
      if (starts > 2) {
        await new Promise<void>((resolve) => {
          restart = resolve;
        });
      }
      return WorkerSession.start({ modelPath, ...place, entry, onLost });
    };
    const { url, ask, states, fatal } = await serve(
      { "a/model.onnx": half, "b/model.onnx": half },
      { startSession, flags: ["--max-batch-size=1"] },
    );
    expect(await ask("a", [13])).toBe("INFERENCE_FAILED");
    while ((await states("a"))[0] !== "1 LOADING");
    expect((await request(`${url}/readyz`)).status).toBe(200);
    expect((await request(`${url}/v1/models/a`)).status).toBe(503);
    expect([await ask("a", [1]), await ask("b", [1])]).toEqual(["NOT_READY", [1]]);
    while (starts < 3) await new Promise((resolve) => setImmediate(resolve));
    restart();
    while ((await states("a"))[0] !== "1 AVAILABLE");
    expect([await ask("a", [1]), fatal]).toEqual([[1], []]);
    const metrics = (await request(`${url}/metrics`)).text;
    expect(metrics).toContain('worker_restarts_total{worker="inference",lane="0",model="a"} 1');
  });

  test("serves on when a new version ends its worker each time that it is tried", async () => {
    const good = new URL(`data:text/javascript,${encodeURIComponent(ECHO)}`);
    const bad = new URL(
      `data:text/javascript,${encodeURIComponent(ECHO.replace("rows.includes(13)", "true"))}`,
    );
    let starts = 0;
    const startSession: StartSession = (modelPath, place, onLost) => {
      const isNew = modelPath.includes("/2/");
      if (isNew) starts += 1;
      return WorkerSession.start({ modelPath, ...place, entry: isNew ? bad : good, onLost });
    };
    const { url, ask, states, addVersion, fatal } = await serve(
      { "a/1/model.onnx": half },
      { startSession, flags: ["--max-batch-size=1"] },
    );
    addVersion("a/2", half);
    // Each of the three tries starts one worker, and another in its place.
    while (!(await states("a")).includes("2 END") || starts < 6);
    expect([await ask("a", [1]), await states("a")]).toEqual([[1], ["2 END", "1 AVAILABLE"]]);
    expect([(await request(`${url}/readyz`)).status, fatal]).toEqual([200, []]);
  });
});
