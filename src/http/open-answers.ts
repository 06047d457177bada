import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * The answers of a server that are not out yet. Ensures that each emits "close" once its connection is gone, as all who wait
 * for an answer's end count on: Node leaves it out for those of pipelined requests, which wait behind another answer.
 */
export class OpenAnswers {
  readonly #server: Server;
  readonly #ofConnection = new WeakMap<Duplex, Set<ServerResponse>>();
  #count = 0;

  constructor(server: Server) {
    this.#server = server;
    server.on("request", ({ socket }, answer) => this.#add(socket, answer));
  }

  /** Resolves when none is open. */
  async none(): Promise<void> {
    if (this.#count > 0) await once(this.#server, "answered");
  }

  /** Tells whether what is sent on the connection now would be read as a part of an answer. */
  hasBegun(connection: Duplex): boolean {
    const answers = [...(this.#ofConnection.get(connection) ?? [])];
    return answers.some(({ headersSent, writableFinished }) => headersSent && !writableFinished);
  }

  #add(connection: Duplex, answer: ServerResponse): void {
    const answers = this.#ofConnection.get(connection) ?? this.#watch(connection);
    answers.add(answer);
    this.#count += 1;
    answer.once("close", () => {
      answers.delete(answer);
      this.#count -= 1;
      if (this.#count === 0) this.#server.emit("answered");
    });
  }

  #watch(connection: Duplex): Set<ServerResponse> {
    const answers = new Set<ServerResponse>();
    this.#ofConnection.set(connection, answers);
    connection.once("close", () => {
      // Node closes the one that has the socket.
      for (const answer of answers) if (answer.socket === null) answer.emit("close");
    });
    return answers;
  }
}
