import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { segmentation } from "../support/onnx/image-models.ts";
import { nanOutput } from "../support/onnx/tensor-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

/** 33 MB of text. */
const MASKS = 16;

/** Linux's: time on a CPU and time in wait for one, of this thread. */
const SCHEDULE = "/proc/self/schedstat";

async function serve(files: FolderFiles): Promise<string> {
  const started = await startServer({ files, flags: ["--request-timeout-ms=600000"] });
  onTestFinished(() => started.close());
  return started.url;
}

describe(`an answer of ${MASKS} masks of 1024 x 1024`, () => {
  test.runIf(existsSync(SCHEDULE))("is written in pieces, between which the event loop turns", async () => {
    const url = await serve({ "model.onnx": segmentation({ classes: 3 }) });
    const b64 = solidPng(1024, 1024, [0, 255, 0]).toString("base64");
    const body = JSON.stringify({ signature_name: "mask", instances: new Array(MASKS).fill({ b64 }) });
    const longestTurnMs = watchTurns();
    const bytes = await countBytes(`${url}/analyze:predict`, body);
    const line = 1024 + 1023 + "[]".length;
    const mask = 1024 * line + 1023 + "[]".length;
    expect(bytes).toBe(MASKS * mask + MASKS - 1 + '{"predictions":[]}'.length);
    expect(longestTurnMs()).toBeLessThan(250);
  });
});

describe("a model's NaN and infinities", () => {
  test.each(["instances", "inputs"])("are null in answers to %s, and counted", async (format) => {
    const url = await serve({ "model.onnx": nanOutput() });
    const body = { [format]: [[1], [2]] };
    const answer = await request(`${url}/v1/models/model:predict`, { body });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^\{"\w+":\[\[1\.0,null,null\],\[2\.0,null,null\]\]\}$/);
    const metrics = await request(`${url}/metrics`);
    expect(metrics.text).toMatch(/^onnx_serving_nonfinite_values_total 4$/m);
  });
});

/**
 * Returns what tells the longest that one turn of the event loop has kept the CPU since. The wait for the loop by the
 * clock would tell as much of the machine's other programs.
 */
function watchTurns(): () => number {
  let longest = 0;
  let last = cpuMs();
  const turn = () => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
    timer.refresh();
  };
  const timer = setTimeout(turn, 1);
  return () => {
    clearTimeout(timer);
    return longest;
  };
}

function cpuMs(): number {
  return Number(readFileSync(SCHEDULE, "latin1").split(" ")[0]) / 1e6;
}

/** Returns the length of the answer, which is not kept. */
function countBytes(url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method: "POST" }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.once("end", () => resolve(bytes));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
