import { once } from "node:events";
import http from "node:http";
import { describe, expect, test } from "vitest";
import { tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { slowModel } from "../support/onnx/slow-model.ts";
import { predict } from "../support/predict.ts";
import { ServingProcess } from "../support/serving-process.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

const LOCAL = ["--port=0", "--host=127.0.0.1"];

/** A run takes about 20 ms for each product, and more on a busy machine. */
function serveSlow(products: number, ...flags: readonly string[]): ServingProcess {
  const folder = temporaryModelFolder({ "model.onnx": slowModel({ products }) });
  return new ServingProcess(["serve", ...LOCAL, `--model-dir=${folder}`, ...flags]);
}

interface Outcome {
  readonly status: number | string;
  readonly isRight: boolean;
  readonly closes: boolean;
  readonly sentMs: number;
}

describe("SIGTERM", () => {
  test("under load from fresh and from keep-alive clients: every request that was sent before the port closed is answered", async () => {
    const server = new ServingProcess([
      ...["serve", ...LOCAL, `--model-dir=${DIGITS_DIR}`, "--drain-delay-ms=1500"],
    ]);
    const url = await server.ready();
    const outcomes: Outcome[] = [];
    const ask = async (agent: http.Agent | undefined) => {
      const sentMs = performance.now();
      const body = { instances: tenDigits() };
      const options = agent === undefined ? { body, agent: new http.Agent() } : { body, agent };
      try {
        const { status, text, headers } = await request(`${url}/analyze:predict`, options);
        const isRight = text === '{"predictions":[0,1,2,3,4,5,6,7,8,9]}';
        outcomes.push({ status, isRight, closes: headers.connection === "close", sentMs });
        return true;
      } catch (error) {
        const status = (error as NodeJS.ErrnoException).code ?? "unknown";
        outcomes.push({ status, isRight: false, closes: false, sentMs });
        return false;
      }
    };
    const keepAlive = new http.Agent({ keepAlive: true });
    const client = async (agent: http.Agent | undefined) => {
      while (await ask(agent));
    };
    const clients = [keepAlive, keepAlive, undefined, undefined].map((agent) => client(agent));
    while (outcomes.length < 8) await new Promise((resolve) => setImmediate(resolve));
    const killedMs = performance.now();
    server.child.kill("SIGTERM");
    const { code } = await server.finished();
    await Promise.all(clients);
    expect(code).toBe(0);
    expect(performance.now() - killedMs).toBeLessThan(30_000);
    const refused = outcomes.filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set(["ECONNREFUSED"]));
    expect(outcomes.filter(({ status, isRight }) => status === 200 && !isRight)).toEqual([]);
    // Within the delay new requests are answered, and told to go elsewhere next.
    const late = outcomes.filter(({ status, sentMs }) => status === 200 && sentMs > killedMs + 200);
    expect(late.length).toBeGreaterThan(0);
    expect(late.filter(({ closes }) => !closes)).toEqual([]);
  });

  test.each([0, 2, 8, 32, 128])(
    "while the model loads and warms up, after %i health answers: ends with 0, promptly",
    async (polls) => {
      const server = serveSlow(20);
      const url = await server.listening();
      for (let i = 0; i < polls; i++) await request(`${url}/analyze`);
      const killedMs = performance.now();
      server.child.kill("SIGTERM");
      const { code, stderr } = await server.finished();
      expect([code, stderr]).toEqual([0, ""]);
      expect(performance.now() - killedMs).toBeLessThan(15_000);
    },
  );

  test("with a run that outlasts SHUTDOWN_TIMEOUT_MS: the request gets DRAINING, the exit code is not 0", async () => {
    const server = serveSlow(
      60,
      ...["--shutdown-timeout-ms=500", "--drain-delay-ms=0", "--max-batch-size=1"],
      // However slow the machine is, none is refused.
      "--request-timeout-ms=3600000",
    );
    const url = await server.ready();
    // One runs, the others wait.
    const answers = Array.from({ length: 5 }, () => predict(url, [[1]]));
    while (!/^onnx_serving_inflight_instances [2-5]$/m.test((await request(`${url}/metrics`)).text));
    server.child.kill("SIGTERM");
    const statuses = (await Promise.all(answers)).map(({ status, json }) =>
      status === 200 ? 200 : json.code,
    );
    const { code } = await server.finished();
    expect(new Set(statuses)).toContain("DRAINING");
    expect(statuses.filter((status) => status !== 200 && status !== "DRAINING")).toEqual([]);
    expect(code).not.toBe(0);
  });
});

describe("a signal during check", () => {
  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("%s is no pass", async (signal, expected) => {
    const folder = temporaryModelFolder({ "model.onnx": slowModel({ products: 20 }) });
    const server = new ServingProcess(["check", folder]);
    // As soon as its own handler stands there is some exit code; before, the system's.
    await once(server.child, "spawn");
    server.child.kill(signal);
    const { code } = await server.finished();
    expect(code ?? server.child.signalCode).toSatisfy((how) => how === expected || how === signal);
  });
});
