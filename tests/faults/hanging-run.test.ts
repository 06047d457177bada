import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { request } from "../support/http-client.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { hangingModel } from "../support/onnx/hanging-model.ts";
import { predict } from "../support/predict.ts";
import { ServingProcess } from "../support/serving-process.ts";

/** A thread within a native call can't be ended, so the process is aborted. */
const ABORTED = null;

function serve(...flags: readonly string[]) {
  const folder = temporaryModelFolder({ "model.onnx": hangingModel() });
  return new ServingProcess([
    "serve",
    "--port=0",
    "--host=127.0.0.1",
    `--model-dir=${folder}`,
    "--drain-delay-ms=0",
    // A row that is alone would run on a session of its own.
    "--inference-lanes=1",
    ...flags,
  ]);
}

async function logged(server: ServingProcess, text: string): Promise<void> {
  while (!server.stdout.includes(text)) await once(server.child.stdout as NodeJS.EventEmitter, "data");
}

describe("a run of the model that never ends", () => {
  test("gets 504, its worker is replaced, and by a second one the process ends", async () => {
    const server = serve("--run-timeout-ms=3000", "--request-timeout-ms=1000");
    const url = await server.ready();
    expect((await predict(url, [-1])).json.code).toBe("DEADLINE_EXCEEDED");
    await logged(server, '"loss":"hung"');
    while ((await request(`${url}/readyz`)).status !== 200);
    expect((await predict(url, [3])).json).toEqual({ predictions: [3] });
    expect((await request(`${url}/metrics`)).text).toContain(
      'worker_restarts_total{worker="inference",lane="0"} 1\n',
    );
    await predict(url, [-1]);
    const { code, stdout, stderr } = await server.finished();
    expect([code, server.child.signalCode]).toEqual([ABORTED, "SIGABRT"]);
    expect(stdout).toContain("2 runs did not end within RUN_TIMEOUT_MS");
    expect(stderr).toMatch(/^onnx-serving: a thread does not come back from ONNX Runtime; aborting\n/);
  });

  test("does not keep a server that is told to stop: the request gets DRAINING, the process ends in time", async () => {
    const server = serve("--run-timeout-ms=0", "--shutdown-timeout-ms=4000");
    const url = await server.ready();
    const waiting = predict(url, [-1]);
    while (!(await request(`${url}/metrics`)).text.includes("onnx_serving_inflight_instances 1"));
    const startMs = performance.now();
    server.child.kill("SIGTERM");
    const answer = await waiting;
    expect([answer.status, answer.json.code]).toEqual([503, "DRAINING"]);
    expect(answer.headers).toMatchObject({ "retry-after": "1", connection: "close" });
    await server.finished();
    expect(server.child.signalCode).toBe("SIGABRT");
    // On a busy machine the abort itself takes its time.
    expect(performance.now() - startMs).toBeLessThan(15_000);
  });

  test("does not keep a server that is told to stop twice", async () => {
    const server = serve("--run-timeout-ms=0");
    const url = await server.ready();
    const waiting = predict(url, [-1]).catch((error: NodeJS.ErrnoException) => error.code);
    while (!(await request(`${url}/metrics`)).text.includes("onnx_serving_inflight_instances 1"));
    server.child.kill("SIGTERM");
    await logged(server, "draining");
    server.child.kill("SIGTERM");
    await server.finished();
    expect(server.child.signalCode).toBe("SIGABRT");
    expect(await waiting).toBe("ECONNRESET");
  });

  test("fails a check, which says so in its first line", async () => {
    const folder = temporaryModelFolder({ "model.onnx": hangingModel(1) });
    const server = new ServingProcess(["check", folder, "--run-timeout-ms=1000"]);
    const { stdout, stderr } = await server.finished();
    expect(server.child.signalCode).toBe("SIGABRT");
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^onnx-serving: [^\n]*the run did not end within 1000 ms \(RUN_TIMEOUT_MS\)\n/);
  });
});
