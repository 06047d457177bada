import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { digitPng, tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { externalData, futureOpset } from "../support/onnx/odd-models.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { openPorts } from "../support/open-ports.ts";
import { ServingProcess } from "../support/serving-process.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

const SERVE_DIGITS = ["serve", "--port=0", "--host=127.0.0.1", `--model-dir=${DIGITS_DIR}`];

describe("onnx-serving serve", () => {
  test("SIGTERM under load: answers every accepted request, tells clients to reconnect, exits 0", async () => {
    const server = new ServingProcess([...SERVE_DIGITS, "--drain-delay-ms=500"]);
    const url = await server.ready();
    const agent = new http.Agent({ keepAlive: true });
    const outcomes: { status: number; connection: string | undefined; right: boolean }[] = [];
    const refusals: unknown[] = [];
    let isOver = false;
    const client = async () => {
      while (!isOver) {
        try {
          const answer = await request(`${url}/analyze:predict`, { body: { instances: tenDigits() }, agent });
          const right = answer.text === '{"predictions":[0,1,2,3,4,5,6,7,8,9]}';
          outcomes.push({ status: answer.status, connection: answer.headers.connection, right });
        } catch (error) {
          refusals.push((error as NodeJS.ErrnoException).code);
          return;
        }
      }
    };
    const clients = Array.from({ length: 8 }, client);
    while (outcomes.length < 20) await new Promise((resolve) => setImmediate(resolve));
    const startMs = performance.now();
    server.child.kill("SIGTERM");
    while (!outcomes.some(({ connection }) => connection === "close")) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await request(`${url}/analyze`)).status).toBe(503);
    const { code } = await server.finished();
    isOver = true;
    await Promise.all(clients);
    expect(code).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(30_000);
    expect(outcomes.filter(({ status, right }) => status !== 200 || !right)).toEqual([]);
    // Only a listener that is closed turns clients away; nobody was cut off in the middle.
    expect(new Set(refusals)).toEqual(new Set(["ECONNREFUSED"]));
  });

  test("SIGTERM while the model loads ends the process at once with 0", async () => {
    const server = new ServingProcess(SERVE_DIGITS);
    await server.listening();
    server.child.kill("SIGTERM");
    expect((await server.finished()).code).toBe(0);
  });

  test("a second signal ends the process at once", async () => {
    const server = new ServingProcess([...SERVE_DIGITS, "--drain-delay-ms=20000"]);
    await server.ready();
    server.child.kill("SIGTERM");
    await server.logged("draining");
    server.child.kill("SIGTERM");
    expect((await server.finished()).code).toBe(143);
  });

  test("exits 1 when the drain takes longer than SHUTDOWN_TIMEOUT_MS", async () => {
    const server = new ServingProcess([
      ...SERVE_DIGITS,
      "--drain-delay-ms=20000",
      "--shutdown-timeout-ms=100",
    ]);
    await server.ready();
    server.child.kill("SIGTERM");
    expect((await server.finished()).code).toBe(1);
  });

  test("phones nowhere: an empty HOME stays empty, and the only socket is the listener", async () => {
    const home = mkdtempSync(join(tmpdir(), "onnx-serving-home-"));
    const server = new ServingProcess(SERVE_DIGITS, { HOME: home, XDG_CACHE_HOME: join(home, "cache") });
    const url = await server.ready();
    await request(`${url}/analyze:predict`, { body: digitPng(3) });
    expect(readdirSync(home)).toEqual([]);
    const pid = server.child.pid ?? 0;
    if (process.platform !== "linux") return;
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    expect(environment).not.toContain("ORT_DISABLE_TELEMETRY=0");
    expect(openPorts(pid)).toEqual([Number(new URL(url).port)]);
  });

  test("says in one line that the port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { code, stderr } = await new ServingProcess([...SERVE_DIGITS, `--port=${port}`]).finished();
    other.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^onnx-serving: can't listen on 127\.0\.0\.1:\d+: the port is in use[^\n]*\n$/);
  });

  test.each([
    [["--max-batch=3"], {}, /--max-batch/],
    [["--port=70000"], {}, /--port/],
    [[], { MAX_BATCH_SIZE: "many" }, /MAX_BATCH_SIZE/],
    [["leftover"], {}, /leftover/],
  ])("says in one line what is wrong with %j %j", async (flags, environment, named) => {
    const { code, stderr } = await new ServingProcess([...SERVE_DIGITS, ...flags], environment).finished();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^onnx-serving: [^\n]+\n$/);
    expect(stderr).toMatch(named);
  });

  test("prints its help and its version", async () => {
    const help = await new ServingProcess(["--help"]).finished();
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining("--max-batch-size")]);
    const version = await new ServingProcess(["--version"]).finished();
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("a folder that can't be served", () => {
  const goodModel = readFileSync(join(DIGITS_DIR, "model.onnx"));
  const config = (name: string) =>
    JSON.parse(readFileSync(join(DIGITS_DIR, name), "utf8")) as Record<string, unknown>;
  const golden = {
    "golden/expected.json": readFileSync(join(DIGITS_DIR, "golden/expected.json")),
    "golden/image.png": readFileSync(join(DIGITS_DIR, "golden/image.png")),
  };
  const folders: [string, Record<string, Uint8Array | string | object>, RegExp][] = [
    ["no model", { "labels.txt": "a\nb\n" }, /\.onnx/],
    ["an empty file", { "model.onnx": "" }, /model\.onnx/],
    ["an HTML page", { "model.onnx": "<!DOCTYPE html><html></html>" }, /HTML/],
    [
      "a Git LFS pointer",
      { "model.onnx": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n" },
      /git lfs pull/,
    ],
    ["a model cut in half", { "model.onnx": goodModel.subarray(0, goodModel.length / 2) }, /truncated/],
    ["a pickle only", { "export.pkl": "\x80\x04K\x01." }, /export\.pkl[\s\S]*export/],
    ["a wrong opset", { "model.onnx": futureOpset() }, /model\.onnx[\s\S]*opset/i],
    ["missing external data", { "model.onnx": externalData("weights.bin") }, /weights\.bin/],
    ["external data outside", { "model.onnx": externalData("../weights.bin") }, /\.\.\/weights\.bin/],
    ["two models", { "a.onnx": halfPlusTwo(), "b.onnx": halfPlusTwo() }, /a\.onnx, b\.onnx/],
    ["broken JSON", { "model.onnx": goodModel, "serving.json": "{" }, /serving\.json/],
    ["an unknown key", { "model.onnx": goodModel, "serving.json": { lables: [] } }, /"lables"/],
    ["too few labels", { "model.onnx": goodModel, "labels.txt": "a\nb\n" }, /labels\.txt: 2 labels/],
    [
      "a std of 0",
      { "model.onnx": goodModel, "serving.json": { preprocess: { std: [0, 1, 1] } } },
      /serving\.json: std/,
    ],
    [
      "an unknown filter",
      {
        "model.onnx": goodModel,
        "serving.json": { preprocess: { resize: { height: 32, width: 32, filter: "cubic" } } },
      },
      /preprocess\.resize/,
    ],
    [
      "a crop past the size",
      {
        "model.onnx": goodModel,
        "serving.json": {
          preprocess: { resize: { height: 8, width: 8 }, center_crop: { height: 32, width: 32 } },
        },
      },
      /center_crop/,
    ],
    [
      "a mean that is 1 % off",
      {
        "model.onnx": goodModel,
        "config.json": config("config.json"),
        "preprocessor_config.json": {
          ...config("preprocessor_config.json"),
          image_mean: (config("preprocessor_config.json").image_mean as number[]).map((mean, i) =>
            i === 0 ? mean * 1.01 : mean,
          ),
        },
        ...golden,
      },
      /golden[\s\S]*differ[\s\S]*by 0\.0/,
    ],
  ];

  test.each(folders)("%s: one line and exit code 1 from check", async (_, files, named) => {
    const folder = temporaryModelFolder(files);
    const { code, stderr } = await new ServingProcess(["check", folder]).finished();
    expect(stderr).toMatch(/^onnx-serving: [^\n]+\n$/);
    expect(stderr).toMatch(named);
    expect(code).toBe(1);
  });

  // Both come from the same code; the first and the last reason stand for the others.
  test.each([...folders.slice(0, 1), ...folders.slice(-1)])(
    "%s: the same from the start",
    async (_, files, named) => {
      const folder = temporaryModelFolder(files);
      const server = new ServingProcess(["serve", "--port=0", `--model-dir=${folder}`]);
      const { code, stdout, stderr } = await server.finished();
      expect(stderr).toMatch(/^onnx-serving: [^\n]+\n$/);
      expect(stderr).toMatch(named);
      expect(code).toBe(1);
      expect(stdout).not.toContain("model loaded");
    },
  );
});

describe("onnx-serving check", () => {
  test("reports the model with the origin of each value and exits 0", async () => {
    const { code, stdout } = await new ServingProcess(["check", DIGITS_DIR]).finished();
    expect(code).toBe(0);
    expect(stdout).toMatch(/task +classification/);
    expect(stdout).toMatch(/mean +0\.3092.*<- preprocessor_config\.json/);
    expect(stdout).toMatch(/golden +passed/);
  });

  test("fails for CUDA where there is none, in one line", async () => {
    const { code, stderr } = await new ServingProcess(["check", DIGITS_DIR], { DEVICE: "cuda" }).finished();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^onnx-serving: [^\n]*CUDA[^\n]*\n$/);
  });
});
