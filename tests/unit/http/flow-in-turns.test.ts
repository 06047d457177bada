import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { flowInTurns } from "../../../src/http/flow-in-turns.ts";

/** A body whose chunks are all there. */
function body(chunks: number, chunkBytes: number): Readable {
  const stream = new Readable({ read() {}, highWaterMark: 1 });
  for (let i = 0; i < chunks; i++) stream.push(Buffer.alloc(chunkBytes, "x"));
  stream.push(null);
  return stream;
}

/** Returns how many chunks of each body came in each turn of the event loop, until all have ended. */
async function chunksByTurn(bodies: readonly Readable[]): Promise<number[][]> {
  const turns: number[][] = [];
  let seen = bodies.map(() => 0);
  for (const [i, stream] of bodies.entries()) {
    flowInTurns(stream);
    stream.on("data", () => {
      seen[i] = (seen[i] ?? 0) + 1;
    });
  }
  while (bodies.some((stream) => !stream.readableEnded)) {
    await setImmediate();
    turns.push(seen);
    seen = bodies.map(() => 0);
  }
  return turns;
}

describe("flowInTurns", () => {
  test("reads some chunks of one body in a turn of the event loop where they are small", async () => {
    const turns = await chunksByTurn([body(1500, 1), body(1500, 1)]);
    const [first, ...later] = turns;
    // Each has begun before it is known what it is like.
    expect(first).toEqual([512, 512]);
    expect(later.filter((counts) => counts.filter((count) => count > 0).length > 1)).toEqual([]);
    expect(Math.max(...turns.flat())).toBe(512);
    expect(turns.reduce((sum, [left = 0, right = 0]) => sum + left + right, 0)).toBe(3000);
  });

  test("reads all of a body at once where its chunks are not small", async () => {
    const turns = await chunksByTurn([body(1500, 64)]);
    expect(turns[0]).toEqual([1500]);
  });

  test("goes on when a body is given up while it waits for its turn", async () => {
    const [left, right] = [body(1500, 1), body(1500, 1)];
    left.once("data", () => void setImmediate().then(() => left.destroy()));
    const ended = new Promise((resolve) => right.once("end", resolve));
    flowInTurns(left);
    flowInTurns(right);
    await ended;
  });
});
