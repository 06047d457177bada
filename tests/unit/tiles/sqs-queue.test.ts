import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { SqsQueue } from "../../../src/tiles/sqs-queue.ts";

/** Opens a queue at a server that says of every one that it does not exist. */
async function openMissing(): Promise<SqsQueue> {
  const server = createServer((_, response) => {
    response.writeHead(400, { "Content-Type": "application/x-amz-json-1.0" });
    response.end('{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"There is none."}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]) vi.stubEnv(name, "test");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/1/tiles`;
  const queue = await SqsQueue.open({ url, visibilitySeconds: 60, waitSeconds: 0 });
  onTestFinished(() => {
    vi.unstubAllEnvs();
    queue.close();
    server.closeAllConnections();
    server.close();
  });
  return queue;
}

describe("SqsQueue", () => {
  const message = { id: "m", receipt: "r", body: "0-0-0" };

  test.each<[string, (queue: SqsQueue) => Promise<unknown>]>([
    ["receive", (queue) => queue.receive(new AbortController().signal)],
    ["remove", (queue) => queue.remove([message])],
    ["hide", (queue) => queue.hide([message], 0)],
  ])("says what SQS says when it can't %s, as of what the whole run needs", async (_, ask) => {
    const error = await ask(await openMissing()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StartupError);
    expect((error as StartupError).message).toContain("QueueDoesNotExist");
  });

  test("leaves with the signal's reason when aborted", async () => {
    const queue = await openMissing();
    const reason = new Error("told to stop");
    await expect(queue.receive(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
