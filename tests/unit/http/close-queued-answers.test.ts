import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { closeQueuedAnswers } from "../../../src/http/close-queued-answers.ts";

describe("closeQueuedAnswers", () => {
  test("closes the answers to pipelined requests, too, when their client leaves", async () => {
    const server = createServer();
    closeQueuedAnswers(server);
    onTestFinished(() => void server.close());
    const answers: ServerResponse[] = [];
    const threeRequests = new Promise<void>((resolve) => {
      server.on("request", (_, answer) => {
        if (answers.push(answer) === 3) resolve();
      });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3));
    await threeRequests;
    const closed = answers.map((answer) => once(answer, "close"));
    client.destroy();
    await expect(Promise.all(closed)).resolves.toHaveLength(3);
  });
});
