import net from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { segmentation } from "../support/onnx/image-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

/** About 10 MB as nested lists: more than the kernel takes off the server's hands. */
const MASK_EDGE_PIXELS = 2200;

describe("a client that does not read", () => {
  test("is cut off after SEND_TIMEOUT_MS; meanwhile MAX_UNSENT_BYTES turns others away", async () => {
    const { url, port, close } = await startServer({
      files: { "model.onnx": segmentation() },
      flags: ["--send-timeout-ms=1000", "--max-unsent-bytes=1MiB"],
    });
    onTestFinished(() => close());
    const body = (edge: number) =>
      JSON.stringify({
        signature_name: "mask",
        instances: [imageInstance(solidPng(edge, edge, [255, 0, 0]))],
      });
    const predict = (edge: number) => request(`${url}/analyze:predict`, { body: body(edge) });
    const unsentBytes = async () =>
      Number(/^onnx_serving_unsent_bytes (\d+)$/m.exec((await request(`${url}/metrics`)).text)?.[1]);

    const text = body(MASK_EDGE_PIXELS);
    const deaf = net.connect(port, "127.0.0.1").pause();
    onTestFinished(() => void deaf.destroy());
    deaf.write(`POST /analyze:predict HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    while ((await unsentBytes()) === 0);
    const refused = await predict(8);
    expect(refused).toMatchObject({ status: 503, json: { code: "QUEUE_FULL" } });
    expect(refused.headers["retry-after"]).toBe("1");

    while ((await unsentBytes()) > 0);
    expect((await predict(8)).status).toBe(200);
    expect((await request(`${url}/metrics`)).text).toContain('status="499"');
  });
});
