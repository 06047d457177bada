import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Ensures that every answer of `server` emits "close" once its connection is gone, as all who wait for an answer's end count
 * on. Node leaves it out for those of pipelined requests, which wait behind another answer.
 */
export function closeQueuedAnswers(server: Server): void {
  const openAnswers = new WeakMap<Socket, Set<ServerResponse>>();
  server.on("connection", (socket) => {
    const answers = new Set<ServerResponse>();
    openAnswers.set(socket, answers);
    socket.once("close", () => {
      // Node closes the one that has the socket.
      for (const answer of answers) if (answer.socket === null) answer.emit("close");
    });
  });
  server.on("request", ({ socket }, answer) => {
    const answers = openAnswers.get(socket);
    answers?.add(answer);
    answer.once("close", () => answers?.delete(answer));
  });
}
