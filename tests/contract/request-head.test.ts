import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sendRaw } from "../support/send-raw.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

/** Sends a head whose answer ends the connection. */
async function ask(...lines: readonly string[]) {
  const text = await sendRaw(started.port, `${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`);
  const [head = "", body = ""] = text.split("\r\n\r\n");
  const json = JSON.parse(body) as Record<string, unknown>;
  return { status: Number(head.slice(9, 12)), id: /^x-request-id: (.+)$/im.exec(head)?.[1], json };
}

describe("the head of a request", () => {
  test.each([
    ["without a Host", ["GET /livez HTTP/1.1"]],
    ["with two Hosts", ["GET /livez HTTP/1.1", "Host: a", "Host: b"]],
    ["whose target is no URL", ["GET http://[::1/livez HTTP/1.1", "Host: a"]],
    ["whose target has an impossible port", ["GET http://a:99999/livez HTTP/1.1", "Host: a"]],
    ["that is no HTTP", ["GET /livez HTTP/1.1", "Host: a", "No colon"]],
  ])("gets INVALID_ARGUMENT and a request id: one %s", async (_, lines) => {
    const { status, id, json } = await ask(...lines);
    expect([status, json.code]).toEqual([400, "INVALID_ARGUMENT"]);
    expect(id).toBeDefined();
  });

  test("that is no HTTP is logged under the id of its answer", async () => {
    const { id } = await ask("GET /livez HTTP/1.1", "No colon");
    expect(started.log).toContainEqual(expect.objectContaining({ requestId: id, status: 400 }));
  });

  test.each([
    ["of HTTP/1.0 needs no Host", ["GET /livez HTTP/1.0"]],
    ["may expect what nobody knows", ["GET /livez HTTP/1.1", "Host: a", "Expect: miracles"]],
    ["may name a whole URL, as proxies get it", ["GET http://a:80/livez HTTP/1.1", "Host: a"]],
  ])("%s", async (_, lines) => {
    const { status, json } = await ask(...lines);
    expect([status, json.status]).toEqual([200, "OK"]);
  });
});
