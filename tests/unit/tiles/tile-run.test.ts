import { describe, expect, test } from "vitest";
import type { ImageOutcome, NamedImage } from "../../../src/client/image-source.ts";
import type { Imagery } from "../../../src/tiles/imagery.ts";
import { ImageryError } from "../../../src/tiles/tile-failure.ts";
import { TileRun, type TileRunOptions } from "../../../src/tiles/tile-run.ts";
import type { TileOutcome, TileTask } from "../../../src/tiles/tile-task.ts";

async function* tasksOf(count: number): AsyncGenerator<TileTask<number>> {
  for (let x = 0; x < count; x++) yield { key: x, text: `${x}-0-20`, tile: { x, y: 0, z: 20 } };
}

const imageOf = (x: number) => new Uint8Array([x % 256]);

/** Predicts the name of the tile. */
async function predict(images: readonly NamedImage[]): Promise<ImageOutcome[]> {
  return images.map(({ name }) => ({ name, prediction: JSON.stringify(name) }));
}

function start(options: Partial<TileRunOptions<number>>) {
  const settled: TileOutcome<number>[] = [];
  const imagery: Imagery = { read: async ({ x }) => imageOf(x), close: () => {} };
  const run = new TileRun<number>({
    tasks: () => tasksOf(100),
    imagery,
    predict,
    settle: async (outcomes) => void settled.push(...outcomes),
    window: 8,
    batchSize: 4,
    concurrency: 2,
    signal: new AbortController().signal,
    ...options,
  }).run();
  return { run, settled };
}

describe("TileRun", () => {
  test("gives each tile its own prediction", async () => {
    const { run, settled } = start({});
    await run;
    expect(settled.length).toBe(100);
    for (const outcome of settled) {
      expect(outcome).toMatchObject({ kind: "predicted", prediction: `"${outcome.task.text}"` });
    }
    expect(new Set(settled.map(({ task }) => task.key)).size).toBe(100);
  });

  test("tells what failed and what is blank, and predicts the rest", async () => {
    const predicted: string[] = [];
    const { run, settled } = start({
      tasks: async function* () {
        yield* tasksOf(6);
        yield { key: 6, text: "nonsense", tile: { code: "INVALID_TILE", message: "no tile" } };
      },
      imagery: {
        read: async ({ x }) => {
          if (x === 1) throw new ImageryError("MISSING", "none");
          return imageOf(x);
        },
        close: () => {},
      },
      isBlank: async ([first]) => first === 2,
      predict: async (images) => {
        predicted.push(...images.map(({ name }) => name));
        const outcomes = await predict(images);
        return outcomes.map((one) =>
          one.name === "3-0-20" ? { name: one.name, error: { code: "INVALID_IMAGE", message: "" } } : one,
        );
      },
    });
    await run;
    const kinds = settled
      .toSorted((a, b) => a.task.key - b.task.key)
      .map((one) => ("failure" in one ? one.failure.code : one.kind));
    expect(kinds).toEqual([
      "predicted",
      "MISSING",
      "blank",
      "INVALID_IMAGE",
      "predicted",
      "predicted",
      "INVALID_TILE",
    ]);
    expect(predicted.toSorted()).toEqual(["0-0-20", "3-0-20", "4-0-20", "5-0-20"]);
  });

  test("takes no more tiles than its stages hold while nothing is put away", async () => {
    let begun = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { run } = start({
      tasks: async function* () {
        for await (const task of tasksOf(5000)) {
          begun += 1;
          yield task;
        }
      },
      settle: () => held,
    });
    await untilStill(() => begun);
    // The window, two batches under way, what waits for a batch, and twice what is put away at once.
    expect(begun).toBeLessThanOrEqual(8 + 2 * 4 + 2 * 4 + 2 * 500);
    release();
    await run;
    expect(begun).toBe(5000);
  });

  test("sends what is there when a predictor is free, batches when it is not", async () => {
    const sizes: number[] = [];
    const { run } = start({
      concurrency: 1,
      predict: async (images) => {
        sizes.push(images.length);
        await new Promise((resolve) => setImmediate(resolve));
        return predict(images);
      },
    });
    await run;
    expect(Math.max(...sizes)).toBe(4);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
  });

  test.each(["predict", "settle", "read"] as const)("ends with the error of %s", async (stage) => {
    const broken = async () => {
      throw new Error("broken");
    };
    const options = stage === "read" ? { imagery: { read: broken, close: () => {} } } : { [stage]: broken };
    await expect(start(options).run).rejects.toThrow("broken");
  });

  test("puts away what was predicted before the server was lost", async () => {
    let batches = 0;
    const { run, settled } = start({
      concurrency: 1,
      predict: async (images) => {
        batches += 1;
        if (batches > 3) throw new Error("lost");
        return predict(images);
      },
    });
    await expect(run).rejects.toThrow("lost");
    expect(settled.length).toBeGreaterThanOrEqual(3);
    expect(settled.every(({ kind }) => kind === "predicted")).toBe(true);
  });

  test("ends at once when it is aborted", async () => {
    const ending = new AbortController();
    const { run } = start({
      signal: ending.signal,
      predict: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    ending.abort(new Error("enough"));
    await expect(run).rejects.toThrow("enough");
  });
});

/** Resolves when a number has stopped to change. */
async function untilStill(read: () => number): Promise<void> {
  let before = -1;
  while (read() !== before) {
    before = read();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}
