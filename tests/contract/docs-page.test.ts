import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request } from "../support/http-client.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer({ load: false });
});
afterAll(() => started.close());

const ask = (path: string, headers = {}) => request(started.url + path, { headers });

describe("/docs", () => {
  test("is a page that takes everything from this server, by relative links", async () => {
    const { status, headers, text } = await ask("/docs");
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    const links = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link = ""]) => link);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      expect(link).toMatch(/^docs\/[\w.-]+$/);
      expect([link, (await ask(`/${link}`)).status]).toEqual([link, 200]);
    }
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
  });

  test.each(["/docs", "/docs/start.js", "/docs/swagger-ui-bundle.js"])(
    "lets a browser run and load nothing from elsewhere: %s",
    async (path) => {
      const { headers } = await ask(path);
      const policy = String(headers["content-security-policy"]);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
    },
  );

  test.each([
    ["start.js", "text/javascript; charset=utf-8"],
    ["swagger-ui-bundle.js", "text/javascript; charset=utf-8"],
    ["swagger-ui.css", "text/css; charset=utf-8"],
    ["favicon-32x32.png", "image/png"],
  ])("has %s, which a browser keeps as long as it is the same", async (file, type) => {
    const { status, headers } = await ask(`/docs/${file}`);
    expect([status, headers["content-type"], headers["cache-control"]]).toEqual([200, type, "no-cache"]);
    const again = await ask(`/docs/${file}`, { "if-none-match": headers.etag });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("is sent compressed where that is taken", async () => {
    const whole = await ask("/docs/swagger-ui.css");
    const answer = await fetch(`${started.url}/docs/swagger-ui.css`, {
      headers: { "accept-encoding": "gzip" },
    });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(Number(answer.headers.get("content-length"))).toBeLessThan(whole.text.length / 2);
    expect(await answer.text()).toBe(whole.text);
  });

  test.each([
    "package.json",
    "swagger-ui.js",
    "swagger-ui-bundle.js.map",
    "..%2fpackage.json",
    "%2e%2e%2fpackage.json",
    "..%5cpackage.json",
    "start.js%00",
    "__proto__",
    "constructor",
    "",
    "start.js/",
    "/start.js",
  ])("has nothing else: %s", async (file) => {
    const { status, json } = await ask(`/docs/${file}`);
    expect([status, json.code]).toEqual([404, "NOT_FOUND"]);
  });
});
