import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readCheckpoint } from "../../../src/tiles/checkpoint.ts";
import { LineSink, NDJSON } from "../../../src/tiles/line-sink.ts";
import { ListStore } from "../../../src/tiles/list-store.ts";
import { NO_REFUSALS, type TileSink } from "../../../src/tiles/tile-sink.ts";
import type { TileOutcome } from "../../../src/tiles/tile-task.ts";
import { FakeClock } from "../client/fake-clock.ts";

const never = new AbortController().signal;

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tile-store-"));
  path = join(folder, "checkpoint");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A second sink, which can be told to fail. */
class FailingSink implements TileSink {
  fails = false;

  async write() {
    if (this.fails) throw new Error("the disk is full");
    return NO_REFUSALS;
  }

  async sync(): Promise<number> {
    return 0;
  }

  async finish(): Promise<void> {
    if (this.fails) throw new Error("the disk is full");
  }

  async close(): Promise<void> {}
}

async function start() {
  const file = await LineSink.open(join(folder, "out"), NDJSON, 0);
  const sink = new FailingSink();
  const clock = new FakeClock();
  const store = new ListStore({ sinks: [file, sink], checkpoint: { path, run: "run" }, clock });
  return { store, sink, clock };
}

function predicted(x: number): TileOutcome<number> {
  const tile = { x, y: 0, z: 9 };
  return { task: { key: x, text: `${x}`, tile }, kind: "predicted", tile, prediction: "1" };
}

describe("ListStore", () => {
  test("writes a checkpoint once a second", async () => {
    const { store, clock } = await start();
    await store.settle([predicted(0)]);
    expect(await readCheckpoint(path)).toBeUndefined();
    await clock.sleep(1000, never);
    await store.settle([predicted(2)]);
    expect(await readCheckpoint(path)).toMatchObject({
      done: [
        [0, 1],
        [2, 3],
      ],
      counts: { predicted: 2, blank: 0, failed: 0 },
      lengths: [readFileSync(join(folder, "out")).length, 0, 0],
      isFinished: false,
    });
    await store.close();
  });

  test.each(["settle", "finish"] as const)(
    "leaves the last checkpoint when %s fails in the middle",
    async (step) => {
      const { store, sink } = await start();
      await store.settle([predicted(0)]);
      await store.save();
      const before = readFileSync(path, "utf8");
      sink.fails = true;
      await expect(step === "settle" ? store.settle([predicted(1)]) : store.finish()).rejects.toThrow(
        "the disk is full",
      );
      await store.save();
      expect(readFileSync(path, "utf8")).toBe(before);
      await store.close();
    },
  );

  test("says when the list is finished", async () => {
    const { store } = await start();
    await store.settle([predicted(0)]);
    await store.finish();
    expect(await readCheckpoint(path)).toMatchObject({ isFinished: true, done: [[0, 1]] });
    await store.close();
  });
});
