import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { answerClientErrors } from "../../../src/http/client-error.ts";
import { OpenAnswers } from "../../../src/http/open-answers.ts";
import type { ServingApi } from "../../../src/serving/serving-api.ts";

test("answerClientErrors puts nothing into an answer that has begun: it ends there", async () => {
  const server = createServer((_, answer) => answer.writeHead(200, { "Content-Length": 100 }).write("begun"));
  const observers = { logger: { info: vi.fn() }, metrics: { errorAnswered: vi.fn() } };
  answerClientErrors(server, {
    ...(observers as unknown as Pick<ServingApi, "logger" | "metrics">),
    openAnswers: new OpenAnswers(server),
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let received = "";
  client.on("data", (chunk) => {
    received += chunk;
    if (received.endsWith("begun")) client.write("no HTTP\r\n\r\n");
  });
  client.on("error", () => {});
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(client, "close");
  expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nbegun$/);
  expect(observers.metrics.errorAnswered).not.toHaveBeenCalled();
});
