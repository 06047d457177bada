import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { OpenAnswers } from "../../../src/http/open-answers.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** A server whose answers the test writes. */
class PuppetServer {
  readonly answers: ServerResponse[] = [];
  readonly open: OpenAnswers;
  readonly #server: Server = createServer();

  constructor() {
    this.open = new OpenAnswers(this.#server);
    this.#server.on("request", (_, answer) => this.answers.push(answer));
    onTestFinished(() => void this.#server.close());
  }

  /** Resolves when so many requests have come. */
  async requests(count: number): Promise<readonly ServerResponse[]> {
    while (this.answers.length < count) await once(this.#server, "request");
    return this.answers;
  }

  async connect(): Promise<Socket> {
    if (!this.#server.listening) await once(this.#server.listen(0, "127.0.0.1"), "listening");
    const client = connect((this.#server.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => {});
    onTestFinished(() => void client.destroy());
    return client.resume();
  }
}

describe("OpenAnswers", () => {
  test("closes the answers to pipelined requests, too, when their client leaves", async () => {
    const server = new PuppetServer();
    const client = await server.connect();
    client.write(REQUEST.repeat(3));
    const closed = (await server.requests(3)).map((answer) => once(answer, "close"));
    client.destroy();
    await expect(Promise.all(closed)).resolves.toHaveLength(3);
    await server.open.none();
  });

  test("has none before the first request, and none when the last of several connections has its answer", async () => {
    const server = new PuppetServer();
    await server.open.none();
    const [one, other] = [await server.connect(), await server.connect()];
    one.write(REQUEST);
    other.write(REQUEST);
    const [first, last] = await server.requests(2);
    let isNone = false;
    const none = server.open.none().then(() => {
      isNone = true;
    });
    first?.end();
    await once(first as ServerResponse, "close");
    await setImmediate();
    expect(isNone).toBe(false);
    last?.end();
    await none;
  });

  test("tells that an answer has begun from its head to its end, of that connection alone", async () => {
    const server = new PuppetServer();
    const client = await server.connect();
    client.write(REQUEST);
    const [answer] = (await server.requests(1)) as [ServerResponse];
    const connection = answer.socket as Socket;
    expect(server.open.hasBegun(connection)).toBe(false);
    answer.flushHeaders();
    expect(server.open.hasBegun(connection)).toBe(true);
    (await server.connect()).write(REQUEST);
    const [, other] = (await server.requests(2)) as [ServerResponse, ServerResponse];
    expect(server.open.hasBegun(other.socket as Socket)).toBe(false);
    answer.end();
    await once(answer, "close");
    expect(server.open.hasBegun(connection)).toBe(false);
  });
});
