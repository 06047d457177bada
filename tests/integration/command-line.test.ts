import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ServingProcess } from "../support/serving-process.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

const SAMPLES = join(DIGITS_DIR, "samples");

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "command-line-"));
}

function readLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

type Answer = (images: number, response: ServerResponse) => void;

/** A server that predicts of each image its place in the request. */
const answerPlaces: Answer = (images, response) => {
  response.end(JSON.stringify({ predictions: [...Array(images).keys()] }));
};

/** Starts a fake server; the images that each request holds are kept as they come. */
async function fakeServer(answer: Answer) {
  const requests: string[][] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { instances } = JSON.parse(Buffer.concat(chunks).toString()) as {
      instances: { image_bytes: { b64: string } }[];
    };
    requests.push(instances.map((one) => Buffer.from(one.image_bytes.b64, "base64").toString()));
    answer(instances.length, response);
  };
  const server = createServer((request, response) => {
    if (request.method === "POST") void handle(request, response);
    else response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Files that hold their own names. */
function namedFiles(count: number): { readonly folder: string; readonly names: readonly string[] } {
  const folder = temporaryFolder();
  const names = Array.from({ length: count }, (_, i) => `${String(i).padStart(4, "0")}.png`);
  for (const name of names) writeFileSync(join(folder, name), name);
  return { folder, names };
}

describe("onnx-serving predict", () => {
  test("writes the predictions of a model in this process, and of one bad file its error", async () => {
    const folder = temporaryFolder();
    cpSync(SAMPLES, folder, { recursive: true });
    writeFileSync(join(folder, "page.png"), "<!DOCTYPE html><html></html>");
    const { code, stdout, stderr } = await new ServingProcess(
      [
        "predict",
        "--batch-size=3",
        "--signature=class",
        "--model-dir",
        DIGITS_DIR,
        folder,
        join(folder, "no.png"),
      ],
      { LOG_LEVEL: "info" },
    ).finished();
    const digits = Array.from({ length: 10 }, (_, i) => ({ image: join(folder, `${i}.png`), prediction: i }));
    const failed = { error: expect.objectContaining({ code: "INVALID_IMAGE" }) };
    const missing = { image: join(folder, "no.png"), error: expect.objectContaining({ code: "UNREADABLE" }) };
    expect(readLines(stdout)).toEqual([...digits, { image: join(folder, "page.png"), ...failed }, missing]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^10 predicted in .*, 2 failed: INVALID_IMAGE 1, UNREADABLE 1\n/);
  });

  test("gets the same of a server as in this process, as a table", async () => {
    const server = new ServingProcess(["serve", "--port=0", "--host=127.0.0.1", `--model-dir=${DIGITS_DIR}`]);
    const url = await server.ready();
    const flags = ["predict", "--top-k=2", "--format=csv", SAMPLES];
    const [remote, local] = await Promise.all([
      new ServingProcess([...flags, "--url", url, "--model=model/versions/1"]).finished(),
      new ServingProcess(flags, { MODEL_DIR: DIGITS_DIR }).finished(),
    ]);
    expect(remote.code).toBe(0);
    expect(remote.stdout).toBe(local.stdout);
    expect(remote.stdout.split("\n")[1]).toMatch(/0\.png,1,zero,0,0\.\d+,$/);
    expect(remote.stdout.split("\n")).toHaveLength(22);
  });

  test("resumes after kill -9: each image is in the file once, and none that was is sent again", async () => {
    const { folder, names } = namedFiles(40);
    const output = join(temporaryFolder(), "results.ndjson");
    let answered = 0;
    const { url, requests } = await fakeServer((images, response) => {
      // The fifth request of the first run hangs; by then the fourth is surely answered.
      answered += 1;
      if (answered !== 5) answerPlaces(images, response);
    });
    const args = ["predict", "--url", url, "--output", output, "--batch-size=4", "--concurrency=1", folder];
    const first = new ServingProcess(args);
    while (
      requests.length < 5 ||
      !existsSync(output) ||
      readLines(readFileSync(output, "utf8")).length < 16
    ) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    first.child.kill("SIGKILL");
    await first.finished();
    // As if it had been killed in the middle of a write.
    writeFileSync(output, `${readFileSync(output, "utf8")}{"image":"${join(folder, "0016.png")}","predi`);
    const before = requests.flat().length - 4;
    const again = await new ServingProcess(args).finished();
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("--resume")]);
    const { code, stderr } = await new ServingProcess([...args, "--resume"]).finished();
    expect(code).toBe(0);
    expect(stderr).toContain(`${before} done before`);
    expect(readLines(readFileSync(output, "utf8")).map(({ image }) => image)).toEqual(
      names.map((name) => join(folder, name)),
    );
    expect(requests.slice(5).flat()).toEqual(names.slice(before));
  });

  test("stops at SIGINT with what is on its way, and says how to go on", async () => {
    const { folder, names } = namedFiles(20);
    const output = join(temporaryFolder(), "results.ndjson");
    const held: (() => void)[] = [];
    const { url, requests } = await fakeServer((images, response) =>
      held.push(() => answerPlaces(images, response)),
    );
    const args = ["predict", "--url", url, "--output", output, "--batch-size=2", "--concurrency=2", folder];
    const run = new ServingProcess(args);
    while (held.length < 2) await new Promise((resolve) => setImmediate(resolve));
    run.child.kill("SIGINT");
    while (!run.stderr.includes("stopping")) await once(run.child.stderr as NodeJS.EventEmitter, "data");
    for (const answer of held) answer();
    // A batch that was made before the signal may still be sent.
    held.push = (answer) => {
      answer();
      return 0;
    };
    const { code, stderr } = await run.finished();
    expect(code).toBe(130);
    expect(stderr).toContain("--resume");
    const written = readLines(readFileSync(output, "utf8")).map(({ image }) => image);
    expect(written).toEqual(requests.flat().map((name) => join(folder, name)));
    expect(written.length).toBeLessThan(names.length);
  });

  test("waits as Retry-After says, and gives up on a server that is away", async () => {
    const { folder } = namedFiles(3);
    let asked = 0;
    const { url } = await fakeServer((images, response) => {
      asked += 1;
      if (asked > 1) answerPlaces(images, response);
      else response.writeHead(503, { "Retry-After": "0" }).end('{"error":"busy","code":"QUEUE_FULL"}');
    });
    expect((await new ServingProcess(["predict", "--url", url, folder]).finished()).code).toBe(0);
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    other.close();
    const away = ["predict", "--url", `http://127.0.0.1:${port}`, "--give-up-after-seconds=0", folder];
    const { code, stdout, stderr } = await new ServingProcess(away).finished();
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("ECONNREFUSED");
  });

  test("writes masks as files", async () => {
    const folder = temporaryFolder();
    const segmentation = join(DIGITS_DIR, "..", "examples", "segmentation");
    const image = join(segmentation, "samples", "1.jpg");
    const args = ["predict", "--model-dir", segmentation, "--masks", folder, image];
    const { code, stdout } = await new ServingProcess(args).finished();
    expect(code).toBe(0);
    const [line] = readLines(stdout);
    expect(line).toEqual({ image, mask: join(folder, `${image.slice(1)}.png`) });
    const mask = readFileSync(String(line?.mask));
    expect(mask.subarray(1, 4).toString()).toBe("PNG");
    const answer = readFileSync(join(segmentation, "samples", "1.answer.png"));
    // Width and height.
    expect(mask.subarray(16, 24)).toEqual(answer.subarray(16, 24));
  });

  test("ends quietly when its reader leaves", async () => {
    const { folder } = namedFiles(500);
    const { url } = await fakeServer(answerPlaces);
    const run = new ServingProcess(["predict", "--url", url, "--batch-size=1", folder]);
    await once(run.child.stdout as NodeJS.EventEmitter, "data");
    run.child.stdout?.destroy();
    expect(await run.finished()).toMatchObject({ code: 141, stderr: "" });
  });

  test("ends when the server refuses, though more names may come", async () => {
    const { folder, names } = namedFiles(1);
    const { url } = await fakeServer((_, response) => response.writeHead(403).end());
    const args = ["predict", "--url", url, "--batch-size=1", "-"];
    const run = new ServingProcess(args, {}, { stdin: "pipe" });
    run.child.stdin?.write(`${join(folder, names[0] ?? "")}\n`);
    expect(await run.finished()).toMatchObject({ code: 1, stdout: "" });
  });

  test.each([
    [["frobnicate"], /frobnicate/],
    [["predict"], /image/],
    [["predict", "--url=http://x", "--concurrency=0", "a.png"], /--concurrency/],
    [["bench"], /URL/],
    [["bench", "http://x", "-"], /image/],
  ])("says in one line what is wrong with %j, and exits 2", async (args, named) => {
    const { code, stdout, stderr } = await new ServingProcess(args).finished();
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^onnx-serving: [^\n]+\n$/);
    expect(stderr).toMatch(named);
  });

  test("says in one line why a model can't be run, and leaves no output that would be in the way", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "results.ndjson");
    mkdirSync(join(folder, "model"));
    const args = ["predict", "--model-dir", join(folder, "model"), "--output", output, SAMPLES];
    const { code, stderr } = await new ServingProcess(args).finished();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^onnx-serving: [^\n]+\n$/);
    expect(readFileSync(output, "utf8")).toBe("");
  });
});

describe("onnx-serving bench", () => {
  const TIMES = ["--warmup-seconds=0", "--seconds=1"];

  test("measures a model folder, served for that time", async () => {
    const { code, stdout } = await new ServingProcess([
      "bench",
      ...TIMES,
      "--format=json",
      DIGITS_DIR,
      SAMPLES,
    ]).finished();
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(code).toBe(0);
    expect(report).toMatchObject({ failures: {}, load: { clients: 8 }, seconds: 1, imagesPerRequest: 1 });
    expect(report.imagesPerSecond).toBeGreaterThan(0);
    expect(report.meanBatchRows).toBeGreaterThanOrEqual(1);
  });

  test("counts what failed by its code, and exits 1", async () => {
    const { url } = await fakeServer((_, response) => {
      response.writeHead(503).end('{"error":"busy","code":"QUEUE_FULL"}');
    });
    const args = ["bench", ...TIMES, "--rate=40", "--batch-size=2", "--format=json", url, SAMPLES];
    const { code, stdout } = await new ServingProcess(args).finished();
    const { failures, load } = JSON.parse(stdout) as { failures: { QUEUE_FULL: number }; load: object };
    expect([code, load]).toEqual([1, { imagesPerSecond: 40 }]);
    expect(failures.QUEUE_FULL).toBeGreaterThan(0);
  });
});

test("onnx-serving predict --help prints the command's help", async () => {
  const { code, stdout, stderr } = await new ServingProcess(["predict", "--help"]).finished();
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^Usage: onnx-serving predict /);
});
