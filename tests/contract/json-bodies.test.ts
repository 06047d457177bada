import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { digitPng } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

const post = (body: Buffer | string) => request(`${started.url}/analyze:predict`, { body });
const B64 = `{"b64":"${digitPng(3).toString("base64")}"}`;
const INSTANCE = `{"image_bytes":${B64}}`;
const GOOD = `{"instances":[${INSTANCE}]}`;
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
const manyKeys = Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join(",");
const long = "a".repeat(50_000_000);

/** Bytes of a body in UTF-8 with raw bytes in its key. */
const withKeyBytes = (...bytes: number[]) =>
  Buffer.concat([
    Buffer.from(`{"instances":[{"image_bytes":${B64},"key":"`),
    Buffer.from(bytes),
    Buffer.from('"}]}'),
  ]);

describe("a JSON body", () => {
  test.each([
    ["begins with a byte order mark", `\ufeff${GOOD}`],
    ["has keys that nobody knows", `{"comment":{"a":[1]},"instances":[${INSTANCE}]}`],
    ["has a key twice: the last one counts", `{"instances":[5],"instances":[${INSTANCE}]}`],
    ["has an instance's key twice", `{"instances":[{"image_bytes":5,"image_bytes":${B64}}]}`],
    [
      "names members of every object",
      `{"constructor":{"prototype":{"a":1}},"toString":1,"instances":[${INSTANCE}]}`,
    ],
    ["has 100,000 keys", `{${manyKeys},"instances":[${INSTANCE}]}`],
    ["has a string of 50 MB that nobody asked for", `{"x":"${long}","instances":[${INSTANCE}]}`],
    ["nests 64 levels deep", `{"x":${nested(63, "[", "]")},"instances":[${INSTANCE}]}`],
    [
      "has brackets and escapes in its strings",
      `{"x":"${"[".repeat(100)}\\\\\\"{","instances":[${INSTANCE}]}`,
    ],
  ])("is answered where it %s", async (_, body) => {
    const answer = await post(body);
    expect([answer.status, answer.json]).toEqual([200, { predictions: [3] }]);
  });

  test.each([
    ["is empty", ""],
    ["is white space", " \r\n\t"],
    ["is cut off", GOOD.slice(0, -2)],
    ["has a trailing comma", `{"instances":[${INSTANCE},]}`],
    ["goes on behind its end", `${GOOD} x`],
    ["is two bodies", GOOD + GOOD],
    ["has NaN", `{"x":NaN,"instances":[${INSTANCE}]}`],
    ["has -Infinity", `{"x":-Infinity,"instances":[${INSTANCE}]}`],
    ["has a number past a double's range", `{"x":1e999,"instances":[${INSTANCE}]}`],
    ["has single quotes", GOOD.replaceAll('"', "'")],
    ["has a comment", `/* tiles */${GOOD}`],
    ["has a line end in a string", `{"instances":["a\nb"]}`],
    ["has half of a surrogate pair, escaped", `{"instances":[{"image_bytes":${B64},"key":"\\ud800"}]}`],
    ["has half of a surrogate pair, in bytes", withKeyBytes(0xed, 0xa0, 0x80)],
    ["has bytes that are not UTF-8", withKeyBytes(0xff)],
    ["is in Latin-1", withKeyBytes(0xe9)],
    ["has a key __proto__", `{"__proto__":{"instances":[1]},"instances":[${INSTANCE}]}`],
    [
      "has an escaped key __proto__ inside",
      `{"instances":[{"image_bytes":${B64},"key":{"\\u005f_proto__":1}}]}`,
    ],
    ["nests 65 levels deep", `{"x":${nested(64, "[", "]")},"instances":[${INSTANCE}]}`],
    ["nests 500,000 lists", `{"x":${nested(500_000, "[", "]")},"instances":[${INSTANCE}]}`],
    ["nests 500,000 objects", `{"instances":${'{"a":'.repeat(500_000)}1${"}".repeat(500_000)}}`],
    ["has a number of 50 MB", `{"instances":[${"1".repeat(50_000_000)}]}`],
  ])("gets INVALID_JSON where it %s", async (_, body) => {
    const answer = await post(body);
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_JSON"]);
  });

  test("opens 20 million lists in vain: its nesting is looked at before it is parsed", async () => {
    const cpu = process.cpuUsage();
    const answer = await post("[".repeat(20_000_000));
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_JSON"]);
    const { user } = process.cpuUsage(cpu);
    // Parsing them took 3.5 s of CPU.
    expect(user / 1e6).toBeLessThan(1.5);
  });

  test.each([
    ["is null", "null"],
    ["is a string", '"x"'],
    ["is a number", "5"],
    ["is a list", `[${INSTANCE}]`],
    ["has neither instances nor an image", "{}"],
    ["has null for instances", '{"instances":null}'],
    ["has an object for instances", `{"instances":${INSTANCE}}`],
    ["has a string for instances", '{"instances":"x"}'],
    ["has no instance", '{"instances":[]}'],
    ["has no instance the second time", `{"instances":[${INSTANCE}],"instances":[]}`],
    ["has instances and an image", `{"instances":[${INSTANCE}],"image_bytes":${B64}}`],
    ["has instances and inputs", `{"instances":[${INSTANCE}],"inputs":[${B64}]}`],
    ["has inputs, which are TensorFlow Serving's", `{"inputs":[${B64}]}`],
    ["has a signature_name that is null", `{"signature_name":null,"instances":[${INSTANCE}]}`],
    ["has a signature_name of 50 MB", `{"signature_name":"${long}","instances":[${INSTANCE}]}`],
    ["has a signature_name __proto__", `{"signature_name":"__proto__","instances":[${INSTANCE}]}`],
    ["is in UTF-16", Buffer.from(GOOD, "utf16le")],
    ["is in UTF-16 with a byte order mark", Buffer.from(`\ufeff${GOOD}`, "utf16le").swap16()],
  ])("gets INVALID_ARGUMENT where it %s", async (_, body) => {
    const answer = await post(body);
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
    expect(answer.text.length).toBeLessThan(400);
  });

  test("gets TOO_MANY_INSTANCES past MAX_INSTANCES", async () => {
    const answer = await post(`{"instances":[${new Array(10_001).fill(INSTANCE).join(",")}]}`);
    expect([answer.status, answer.json.code]).toEqual([413, "TOO_MANY_INSTANCES"]);
  });
});

describe("an instance", () => {
  test.each([
    ["null", "null"],
    ["a number", "5"],
    ["bare base64", `"${digitPng(3).toString("base64")}"`],
    ["b64 of a number", '{"b64":5}'],
    ["an empty image_bytes", '{"image_bytes":{}}'],
    ["two forms at once", `{"image_bytes":${B64},"b64":"AAAA"}`],
    ["a key that nobody knows", `{"image_bytes":${B64},"x":1}`],
    ["100,000 keys", `{"image_bytes":{${manyKeys}}}`],
    ["a list of bytes", '{"image_bytes":[137,80,78,71]}'],
    ["a list of bytes as b64", '{"image_bytes":{"b64":[137,80,78,71]}}'],
    ["a Buffer of Node's", `{"image_bytes":${JSON.stringify(digitPng(3))}}`],
    ["the address of an image", '{"url":"http://169.254.169.254/latest/meta-data"}'],
  ])("that is %s is bad beside a good one", async (_, bad) => {
    const answer = await post(`{"instances":[${INSTANCE},${bad},${INSTANCE}]}`);
    expect(answer.status).toBe(200);
    expect(answer.json.predictions).toMatchObject([3, { error: { code: "INVALID_ARGUMENT" } }, 3]);
    expect(answer.json.errors).toMatchObject([{ instance: 1, code: "INVALID_ARGUMENT" }]);
  });
});

describe("labels", () => {
  test("that are names of every object are labels like any other", async () => {
    const labels = ["__proto__", "constructor", "toString"];
    const odd = await startServer({ files: { "model.onnx": classifier(), "serving.json": { labels } } });
    onTestFinished(() => odd.close());
    const colors = [[255, 0, 0] as const, [0, 255, 0] as const, [0, 0, 255] as const];
    const instances = colors.map((color) => ({ b64: solidPng(8, 8, color).toString("base64") }));
    const body = { signature_name: "label", instances };
    const answer = await request(`${odd.url}/analyze:predict`, { body });
    expect(answer.json).toEqual({ predictions: labels });
  });
});
