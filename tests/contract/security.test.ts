import { once } from "node:events";
import net from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { digitPng, imageInstance } from "../support/digits.ts";
import { type RequestOptions, request } from "../support/http-client.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

const ask = (path: string, options?: RequestOptions) => request(started.url + path, options);
const predict = (body: string | object, headers = {}) => ask("/analyze:predict", { body, headers });

/** Sends bytes, as they are, on a connection of its own and returns what comes back until it is closed. */
async function sendRaw(text: string): Promise<string> {
  const socket = net.connect(started.port, "127.0.0.1");
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
  });
  socket.write(text, "latin1");
  await once(socket, "close");
  return received;
}

/** Resolves with the log line of a request, once it is written. */
async function logLine(requestId: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const line = started.log.find((one) => one.requestId === requestId);
    if (line !== undefined) return line;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What could forge a line of a log, or turn around what a terminal shows. */
const UNSAFE_IN_LOGS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

describe("names in a path", () => {
  const NAMES = [
    "..",
    "../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "..%5c..%5cetc",
    "%2e%2e",
    "%2fetc%2fpasswd",
    "model%00",
    "model%00.onnx",
    "model%20",
    "MODEL",
    "m%C3%B6del",
    "%EF%BD%8D%EF%BD%8F%EF%BD%84%EF%BD%85%EF%BD%8C",
    "%C0%AE%C0%AE",
    "__proto__",
    "constructor",
    "toString",
    "a".repeat(10_000),
  ];

  test.each(NAMES.map((name) => [name.slice(0, 40), name]))(
    "are matched exactly: no model is %s",
    async (_, name) => {
      for (const path of [`/v1/models/${name}`, `/v1/models/${name}/metadata`]) {
        const answer = await sendRaw(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        // What is no path of a model at all is TensorFlow Serving's 400.
        expect(answer).toMatch(/^HTTP\/1\.1 (404 [\s\S]*NOT_FOUND|400 [\s\S]*Malformed request)/);
        expect(answer.length).toBeLessThan(700);
      }
    },
  );

  test.each([
    ["001", "001", 200],
    ["1", "1", 200],
    ["2", "2", 404],
    ["-1", "-1", 400],
    ["1e0", "1e0", 400],
    ["0x1", "0x1", 400],
    ["past 64 bits", "9".repeat(19), 400],
    ["of 10,000 digits", "9".repeat(10_000), 400],
  ])("a version (%s) is a number, and that of the only model is 1", async (_, version, status) => {
    expect((await ask(`/v1/models/model/versions/${version}`)).status).toBe(status);
  });
});

describe("an image that is an address", () => {
  test.each([
    ["a bare string", (url: string) => ({ instances: [{ image_bytes: url }] })],
    ["in the place of base64", (url: string) => ({ instances: [{ image_bytes: { b64: url } }] })],
    ["url in image_bytes", (url: string) => ({ instances: [{ image_bytes: { url } }] })],
    ["url", (url: string) => ({ instances: [{ url }] })],
    ["image_url", (url: string) => ({ instances: [{ image_url: { url } }] })],
    ["in base64", (url: string) => ({ instances: [{ b64: Buffer.from(url).toString("base64") }] })],
    ["of the one-image form", (url: string) => ({ image_bytes: url })],
    ["the whole body", (url: string) => url],
    [
      "an SVG's picture",
      (url: string) => `<svg xmlns="http://www.w3.org/2000/svg"><image href="${url}"/></svg>`,
    ],
    ["an XML entity", (url: string) => `<!DOCTYPE svg [<!ENTITY x SYSTEM "${url}">]><svg>&x;</svg>`],
    ["ImageMagick's", (url: string) => `push graphic-context\nfill 'url(${url})'\npop graphic-context`],
  ])("is fetched by nobody: %s", async (_, bodyOf) => {
    let connections = 0;
    const trap = net.createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    onTestFinished(() => void trap.close());
    await once(trap.listen(0, "127.0.0.1"), "listening");
    const { port } = trap.address() as net.AddressInfo;
    for (const url of [`http://127.0.0.1:${port}/latest/meta-data/`, "file:///etc/hostname"]) {
      const answer = await predict(bodyOf(url));
      expect([answer.status, Object.keys(answer.json).sort().slice(0, 2)]).toEqual([400, ["code", "error"]]);
    }
    // A connection of our own comes after all that the requests could have begun.
    await once(net.connect(port, "127.0.0.1"), "close");
    expect(connections).toBe(1);
  });
});

describe("routes that manage models elsewhere", () => {
  test.each([
    // TorchServe
    ["POST", "/models?url=http://a.example/m.mar", 405],
    ["PUT", "/models/model?min_worker=1", 405],
    ["DELETE", "/models/model/1.0", 405],
    ["POST", "/workflows?url=w.war", 404],
    ["GET", "/api-description", 404],
    // Triton; its index, which only tells, is answered
    ["POST", "/v2/repository/models/model/load", 405],
    ["POST", "/v2/repository/models/model/unload", 405],
    ["POST", "/v2/logging", 404],
    ["POST", "/v2/systemsharedmemory/region/a/register", 404],
    ["POST", "/v2/trace/setting", 404],
    // KServe, and TensorFlow Serving's, which says 400 to what it does not know there.
    ["POST", "/v1/models", 405],
    ["POST", "/v1/models/model", 405],
    ["PUT", "/v1/models/model", 405],
    ["DELETE", "/v1/models/model", 405],
    ["POST", "/v1/models/model/versions/2:load", 400],
    ["POST", "/v1/models/model:reload", 400],
    ["POST", "/v1/config", 400],
    // Debuggers
    ["GET", "/json/list", 404],
    ["GET", "/debug/pprof/", 404],
    ["GET", "/.env", 404],
  ])("%s %s is none of ours: %i", async (method, path, status) => {
    const answer = await ask(path, { method });
    expect(answer.status).toBe(status);
    expect(answer.json.error ?? answer.json.message).toBeTypeOf("string");
  });
});

describe("headers", () => {
  test("of every answer hold a request id, and nothing that tells of the software", async () => {
    const head = (text: string) => sendRaw(`${text}\r\nConnection: close\r\n\r\n`);
    const answers = [
      await head("GET /analyze HTTP/1.1\r\nHost: a"),
      await head("GET /nothing HTTP/1.1\r\nHost: a"),
      await head("DELETE /analyze HTTP/1.1\r\nHost: a"),
      await head("TRACE /analyze HTTP/1.1\r\nHost: a\r\nX-Secret: seen"),
      await head("POST /analyze:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 0"),
      await head("NONSENSE"),
      await head(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(20_000)}`),
      await head("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"),
    ];
    for (const answer of answers) {
      const [headers = ""] = answer.split("\r\n\r\n");
      expect(headers).toMatch(/^x-request-id: [0-9a-f-]{36}$/im);
      expect(headers).not.toMatch(/^(server|x-powered-by|via|x-secret):/im);
      expect(headers).not.toMatch(/node|koa|onnx|\d+\.\d+\.\d+/i);
    }
  });

  test("of a proxy, and Host, change nothing", async () => {
    const hostile = {
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      "x-forwarded-prefix": "/v1",
      "x-original-url": "/metrics",
      "x-rewrite-url": "/metrics",
      "x-http-method-override": "DELETE",
      forwarded: "for=127.0.0.1;host=evil.example",
      host: "evil.example",
    };
    for (const path of [
      "/analyze",
      "/v1/models/model",
      "/v1/models/model/metadata",
      "/nothing",
      "/v1/models",
    ]) {
      const [plain, odd] = [await ask(path), await ask(path, { headers: hostile })];
      expect([odd.status, odd.text]).toEqual([plain.status, plain.text]);
      const { date, "x-request-id": plainId, ...expected } = plain.headers;
      expect(odd.headers).toMatchObject(expected);
      expect(JSON.stringify(odd.headers)).not.toContain("evil");
      expect(JSON.stringify(await logLine(odd.headers["x-request-id"]))).not.toContain("evil");
    }
  });

  test("of CORS name any origin, never the caller's, and allow no credentials", async () => {
    for (const origin of ["https://evil.example", "null", "file://"]) {
      for (const method of ["GET", "OPTIONS"]) {
        const { headers } = await ask("/analyze", {
          method,
          headers: {
            origin,
            "access-control-request-method": "POST",
            "access-control-request-private-network": "true",
          },
        });
        expect(headers["access-control-allow-origin"]).toBe("*");
        expect(headers["access-control-allow-credentials"]).toBeUndefined();
        expect(headers["access-control-allow-private-network"]).toBeUndefined();
      }
    }
  });
});

describe("the log", () => {
  const hostile = '\u001b[31m\n{"level":"fatal"}\r\u0085\u009b1A\u2028\u202e';
  const encoded = encodeURIComponent(hostile);

  test.each([
    ["a path", () => ask(`/${encoded}`)],
    ["a model's name", () => ask(`/v1/models/${encoded}`)],
    ["a model to predict with", () => ask(`/v1/models/${encoded}:predict`, { body: { instances: [1] } })],
    [
      "a version's label",
      () => ask(`/v1/models/model/labels/${encoded}:predict`, { body: { instances: [1] } }),
    ],
    ["a query", () => ask(`/v1/models/model:predict?${encoded}`, { body: {} })],
    ["a signature", () => predict({ signature_name: hostile, ...imageInstance(digitPng(1)) })],
    ["a parameter", () => predict({ parameters: { k: hostile }, instances: [imageInstance(digitPng(1))] })],
    ["a key of the body", () => predict({ [hostile]: 1 })],
    [
      "an instance's input",
      () => ask("/v1/models/model:predict", { body: { instances: [{ [hostile]: 1 }] } }),
    ],
    ["base64", () => predict({ image_bytes: { b64: `aaaa${hostile}` } })],
    ["an array's type", () => predict({ image_bytes: { b64: "", shape: [1, 1, 3], dtype: hostile } })],
    ["text that is no JSON", () => predict(hostile)],
  ])("has one line, without control characters, of a request with them in %s", async (_, send) => {
    const answer = await send();
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(String(answer.json.error)).not.toMatch(UNSAFE_IN_LOGS);
    // Each line was parsed as JSON when it was written.
    const line = await logLine(answer.headers["x-request-id"]);
    expect(line.message).toBe(answer.json.error);
    for (const value of Object.values(line)) expect(String(value)).not.toMatch(UNSAFE_IN_LOGS);
  });

  test.each([
    ["too long", "a".repeat(129)],
    ["with a space", "a b"],
    ["with a quote", 'a"b'],
    ["with a control character", "a\tb"],
    ["outside ASCII", "\u00e9"],
    ["empty", ""],
  ])("takes no request id that is %s, nor such a trace id", async (_, id) => {
    const headers = { "x-request-id": id, "x-amzn-trace-id": id };
    const answer = await ask("/nothing", { headers });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect((await logLine(answer.headers["x-request-id"])).traceId).toBeUndefined();
  });

  test("has a line, with the id that was answered, of what is no HTTP", async () => {
    const answer = await sendRaw("\u001b]0;x\u0007 / HTTP/1.1\r\n\r\n");
    const [, requestId] = /^X-Request-Id: (.*)$/m.exec(answer) ?? [];
    expect(await logLine(requestId?.trim())).toMatchObject({ status: 400, code: "INVALID_ARGUMENT" });
  });
});

describe("metrics", () => {
  const seriesOf = (page: string) =>
    page
      .split("\n")
      .filter((line) => /^(onnx|http)_/.test(line))
      .map((line) => line.slice(0, line.lastIndexOf(" ")))
      .sort();

  test("have the same series after 2,000 requests for other paths, models and methods", async () => {
    const methods = ["GET", "POST", "PUT", "DELETE", "PROPFIND", "TRACE"];
    const paths = [
      (i: number) => `/${i}`,
      (i: number) => `/v1/models/m${i}`,
      (i: number) => `/v1/models/model/versions/${i + 2}`,
      (i: number) => `/v1/m${i}`,
      (i: number) => `/analyze?${i}`,
    ];
    // With each method each kind of path has been asked for once before: the series of a route begin with its first request.
    const ask = (count: number, first: number) =>
      Array.from({ length: count }, (_, i) => {
        const method = methods[i % methods.length];
        const path = paths[Math.floor(i / methods.length) % paths.length]?.(first + i);
        return `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`;
      }).join("");
    const last = "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const page = async () => (await request(`${started.url}/metrics`)).text;
    await sendRaw(ask(methods.length * paths.length, 0) + last);
    await page();
    const before = seriesOf(await page());
    await sendRaw(ask(2000, 1000) + last);
    const after = await page();
    expect(seriesOf(after)).toEqual(before);
    const total = [...after.matchAll(/^http_server_request_duration_seconds_count\{.*\} (\d+)$/gm)];
    expect(total.reduce((sum, [, count]) => sum + Number(count), 0)).toBeGreaterThanOrEqual(2000);
  });
});

describe("names that every object has", () => {
  const image = imageInstance(digitPng(7));
  const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

  test.each(NAMES)("%s as a key of a body changes no other request", async (name) => {
    const polluted = `{"instances":[${JSON.stringify(image)}],"signature_name":"label"}`;
    const bodies = [
      `{"${name}":${polluted}}`,
      `{"${name}":{"isPolluted":true},${polluted.slice(1)}`,
      `{"instances":[{"${name}":{"b64":"${digitPng(7).toString("base64")}"}}]}`,
      `{"instances":[{"image_bytes":{"${name}":{"b64":"AAAA"}}}]}`,
      `{"parameters":{"${name}":{"k":1}},${polluted.slice(1)}`,
      `{"inputs":{"${name}":[1]}}`,
    ];
    for (const route of ["/analyze:predict", "/v1/models/model:predict"]) {
      for (const body of bodies) {
        const answer = await ask(route, { body });
        expect(answer.status).toBeLessThan(500);
        expect(answer.text).not.toContain("isPolluted");
      }
    }
    expect(({} as Record<string, unknown>).isPolluted).toBeUndefined();
    const answer = await predict({ instances: [image] });
    expect(answer.json).toEqual({ predictions: [7] });
  });

  test.each(NAMES)("%s is no signature, model or encoding", async (name) => {
    expect((await predict({ instances: [image], signature_name: name })).status).toBe(400);
    expect((await ask(`/v1/models/${name}`)).status).toBe(404);
    expect((await predict({ instances: [image] }, { "content-encoding": name })).status).toBe(415);
    const body = `{"instances":[{"image_bytes":{"b64":"AAAA","shape":[1,1,3],"dtype":"${name}"}}]}`;
    expect((await predict(body)).status).toBe(400);
  });
});
