import { describe, expect, onTestFinished, test } from "vitest";
import { digitPng } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { Collector } from "../support/otlp/collector.ts";
import { ServingProcess } from "../support/serving-process.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

const SERVE_DIGITS = ["serve", "--port=0", "--host=127.0.0.1", `--model-dir=${DIGITS_DIR}`];

/** Serves with a collector, answers one request, and is told to stop. */
async function stopWith(endpoint: string, environment: Readonly<Record<string, string>>) {
  const server = new ServingProcess(SERVE_DIGITS, {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_BSP_SCHEDULE_DELAY: "1",
    DRAIN_DELAY_MS: "0",
    ...environment,
  });
  const url = await server.ready();
  const { json } = await request(`${url}/analyze:predict`, { body: digitPng(7) });
  const startMs = performance.now();
  server.child.kill("SIGTERM");
  return { json, ...(await server.finished()), ms: performance.now() - startMs };
}

describe("a server that is told to stop", () => {
  test.each([["2000"], ["28000"]])(
    "with a collector that takes what it is sent and never answers: exits 0 in time, with SHUTDOWN_TIMEOUT_MS %s",
    async (shutdownTimeoutMs) => {
      const collector = await Collector.start(0);
      onTestFinished(() => collector.close());
      const stopped = await stopWith(collector.url, { SHUTDOWN_TIMEOUT_MS: shutdownTimeoutMs });
      expect(stopped).toMatchObject({ json: { prediction: "seven" }, code: 0 });
      expect(stopped.ms).toBeLessThan(Number(shutdownTimeoutMs) + 2000);
      expect(collector.spans.map(({ name }) => name)).toContain("POST /analyze:predict");
    },
  );

  test("with a collector that is not there: exits 0", async () => {
    const collector = await Collector.start();
    await collector.close();
    const stopped = await stopWith(collector.url, { OTEL_EXPORTER_OTLP_TIMEOUT: "500" });
    expect(stopped).toMatchObject({ json: { prediction: "seven" }, code: 0 });
  });
});
