import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { digitPng } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { DIGITS_DIR, type StartedServer, startServer } from "../support/start-server.ts";

/** As Chromium and Firefox send it. */
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

const get = (path: string, headers: Record<string, string> = {}) => request(started.url + path, { headers });

describe("GET /", () => {
  test("is the page for a browser", async () => {
    const { status, headers, text } = await get("/", { accept: BROWSER });
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(headers.vary).toContain("Accept");
    expect(text).toContain("<!doctype html>");
  });

  test.each([undefined, "*/*", "application/json", "application/json, text/html", "image/png"])(
    "is KServe's answer for Accept: %s",
    async (accept) => {
      const { json, headers } = await get("/", accept === undefined ? {} : { accept });
      expect(json).toEqual({ status: "alive" });
      expect(headers.vary).toContain("Accept");
    },
  );

  test("answers before the model is loaded", async () => {
    const loading = await startServer({ load: false });
    onTestFinished(() => loading.close());
    expect((await request(loading.url, { headers: { accept: BROWSER } })).status).toBe(200);
  });

  test("has nothing within it that its policy would refuse", async () => {
    const { text } = await get("/", { accept: BROWSER });
    expect(text).not.toMatch(/ style=| on\w+=|<style|<script(?! type="module" src=)/);
  });
});

describe("GET /console/<file>", () => {
  test("is kept by browsers, who ask whether it is still the same", async () => {
    const first = await get("/console/page.css");
    expect(first.headers).toMatchObject({
      "content-type": "text/css; charset=utf-8",
      "cache-control": "no-cache",
    });
    const etag = String(first.headers.etag);
    const again = await get("/console/page.css", { "if-none-match": etag });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, "", etag]);
    expect((await get("/console/page.css", { "if-none-match": '"other"' })).status).toBe(200);
  });

  test.each(["/", "/console/main.js", "/console/samples/model/7.png"])(
    "lets %s load nothing from elsewhere",
    async (path) => {
      const { headers } = await get(path, { accept: BROWSER });
      const policy = String(headers["content-security-policy"]).split("; ");
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy.join()).not.toMatch(/unsafe|http|\*/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
    },
  );

  test.each([
    "/console/",
    "/console/nothing.js",
    "/console/main.d.ts",
    "/console/..%2fmain.js",
    "/console/%2e%2e/%2e%2e/package.json",
    "/console/constructor",
  ])("has nothing at %s", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  test("is there for each that the page and its modules name", async () => {
    expect(await consoleNames()).toEqual(expect.arrayContaining(["/console/main.js", "/console/gallery.js"]));
  });

  test("is sent packed to those who take it", async () => {
    const packed = await get("/console/main.js", { "accept-encoding": "gzip" });
    expect(packed.headers).toMatchObject({
      "content-encoding": "gzip",
      vary: expect.stringContaining("Accept-Encoding"),
    });
    const plain = await get("/console/main.js");
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(Number(packed.headers["content-length"])).toBeLessThan(plain.text.length);
  });
});

describe("GET /console/state", () => {
  test("says in words what the server is doing", async () => {
    expect((await get("/console/state")).json).toEqual({ state: "READY" });
    const loading = await startServer({ load: false });
    onTestFinished(() => loading.close());
    const { status, json } = await request(`${loading.url}/console/state`);
    expect([status, json]).toEqual([200, { state: "LOADING" }]);
  });
});

describe("GET /console/samples/<name>/<file>", () => {
  test.each(["/console/samples/model/7.png", "/console/samples/model/versions/1/7.png"])(
    "is a sample: %s",
    async (path) => {
      const answer = await get(path);
      expect([answer.status, answer.headers["content-type"]]).toEqual([200, "image/png"]);
      expect(Number(answer.headers["content-length"])).toBe(digitPng(7).length);
    },
  );

  test("has those that the metadata list", async () => {
    const { json } = await get("/v1/models/model/metadata");
    const { samples } = json.onnx_serving as { samples: string[] };
    expect(samples).toEqual(Array.from({ length: 10 }, (_, digit) => `${digit}.png`));
  });

  test.each([
    "/console/samples/model/ten.json",
    "/console/samples/model/..%2fconfig.json",
    "/console/samples/model/..%2f..%2fpackage.json",
    "/console/samples/model/%E0%A4%A",
    "/console/samples/model/versions/2/7.png",
    "/console/samples/other/7.png",
    "/console/samples/model/",
  ])("has nothing at %s", async (path) => {
    expect((await get(path)).status).toBe(404);
  });
});

describe("CONSOLE=off", () => {
  test("serves neither the page nor samples", async () => {
    const silent = await startServer({ flags: ["--console=off"] });
    onTestFinished(() => silent.close());
    const page = await request(silent.url, { headers: { accept: BROWSER } });
    expect(page.json).toEqual({ status: "alive" });
    for (const path of ["/console/main.js", "/console/state", "/console/samples/model/7.png"]) {
      expect((await request(silent.url + path)).status).toBe(404);
    }
  });
});

describe("the console's weight", () => {
  test("is at most that of docs/console.md", async () => {
    const page = readFileSync(join(DIGITS_DIR, "../docs/console.md"), "utf8");
    const [, plainKb, gzippedKb] = /(\d+) kB in all, (\d+) kB as it is sent/.exec(page) ?? [];
    const weigh = async (headers: Record<string, string>) => {
      const answers = await Promise.all(
        (await consoleNames()).map((name) => get(name, { ...headers, accept: BROWSER })),
      );
      return answers.reduce((sum, answer) => sum + Number(answer.headers["content-length"]), 0);
    };
    expect(await weigh({})).toBeLessThan(Number(plainKb) * 1000);
    expect(await weigh({ "accept-encoding": "gzip, deflate, br" })).toBeLessThan(Number(gzippedKb) * 1000);
  });
});

/** Returns the paths of all that the page loads before it asks for a model. */
async function consoleNames(): Promise<string[]> {
  const paths = new Set(["/"]);
  for (const path of paths) {
    const { status, text } = await get(path, { accept: BROWSER });
    expect([path, status]).toEqual([path, 200]);
    for (const [, found] of text.matchAll(/(?:src|href)="([^"#]+)"/g)) paths.add(`/${found}`);
    for (const [, found] of text.matchAll(/from "\.\/([^"]+)"/g)) paths.add(`/console/${found}`);
  }
  return [...paths];
}
