import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StartupError, UsageError } from "../../../src/errors.ts";
import { parseOutput } from "../../../src/tiles/output.ts";
import { type ListRunOptions, runList } from "../../../src/tiles/run-list.ts";
import { ImageryError } from "../../../src/tiles/tile-failure.ts";
import { boxSource, fileSource, streamSource } from "../../../src/tiles/tile-source.ts";

const COLUMNS = 8;
const TILES = COLUMNS * 8;
const source = boxSource({ bounds: [-180, -85, 180, 85], firstZoom: 3, lastZoom: 3 });

let folder: string;
let printed: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tile-lists-"));
  printed = "";
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(at(name), "utf8");

/** Every tenth tile is missing. */
function options(changes: Partial<ListRunOptions> = {}): ListRunOptions {
  return {
    source,
    outputs: ["out.ndjson", "out.geojson", "out.csv"].map((name) => parseOutput(at(name))),
    failures: at("failures.csv"),
    checkpoint: at("checkpoint"),
    resume: false,
    imagery: {
      read: async ({ x, y }) => {
        if ((x * COLUMNS + y) % 10 === 3) throw new ImageryError("MISSING", "there is none");
        return new Uint8Array([x, y]);
      },
      close: () => {},
    },
    predict: async (images) =>
      images.map(({ name, bytes }) => ({ name, prediction: `[${bytes.join(",")}]` })),
    print: async (text) => {
      printed += text;
    },
    table: "results",
    giveUpAfterMs: 0,
    statementTimeoutMs: 1000,
    window: 4,
    batchSize: 3,
    concurrency: 2,
    stop: new AbortController().signal,
    signal: new AbortController().signal,
    ...changes,
  };
}

/** Predicts so many batches; then the server is gone. */
function lostAfter(batches: number): ListRunOptions["predict"] {
  let left = batches;
  return async (images, signal) => {
    left -= 1;
    if (left < 0) throw new StartupError("the server is gone");
    return options().predict(images, signal);
  };
}

function expectWhole(): void {
  const lines = read("out.ndjson").trimEnd().split("\n");
  const names = lines.map((line) => (JSON.parse(line) as { tile: string }).tile);
  const failed = read("failures.csv")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",")[0]);
  const all = [...(source.read(new AbortController().signal) as Iterable<{ text: string }>)].map(
    ({ text }) => text,
  );
  expect([...names, ...failed].toSorted()).toEqual(all.toSorted());
  expect(failed.length).toBe(7);
  const { features } = JSON.parse(read("out.geojson")) as { features: { id: string }[] };
  expect(features.map(({ id }) => id).toSorted()).toEqual(names.toSorted());
  expect(read("out.csv").trimEnd().split("\n").length).toBe(names.length + 1);
}

describe("runList", () => {
  test("has every tile in each output, or among the failures", async () => {
    const { counts, isFinished } = await runList(options());
    expect(isFinished).toBe(true);
    expect(counts).toEqual({ predicted: TILES - 7, blank: 0, failed: 7 });
    expectWhole();
  });

  test("goes on where a run ended that lost its server, again and again", async () => {
    for (const batches of [2, 1, 0, 5]) {
      await expect(runList(options({ predict: lostAfter(batches), resume: true }))).rejects.toThrow(
        StartupError,
      );
    }
    const begun: number[] = [];
    const { counts } = await runList(
      options({ resume: true, onStart: ({ predicted }) => begun.push(predicted) }),
    );
    expect(begun[0]).toBeGreaterThanOrEqual(8);
    expect(counts).toEqual({ predicted: TILES - 7, blank: 0, failed: 7 });
    expectWhole();
  });

  test("goes on where a process was killed: what it wrote since its checkpoint is written once", async () => {
    await expect(runList(options({ predict: lostAfter(4) }))).rejects.toThrow(StartupError);
    const checkpoint = read("checkpoint");
    await expect(runList(options({ predict: lostAfter(4), resume: true }))).rejects.toThrow(StartupError);
    // As if the second process had been killed before it could say what it had done.
    writeFileSync(at("checkpoint"), checkpoint);
    await runList(options({ resume: true }));
    expectWhole();
  });

  test("goes on where a process was killed before it had made its files", async () => {
    await expect(runList(options({ predict: lostAfter(0) }))).rejects.toThrow(StartupError);
    const { run, counts, version } = JSON.parse(read("checkpoint"));
    const first = { version, run, done: [], counts, lengths: [0, 0, 0, 0], isFinished: false };
    writeFileSync(at("checkpoint"), JSON.stringify(first));
    for (const name of ["out.ndjson", "out.geojson", "failures.csv"]) rmSync(at(name));
    await runList(options({ resume: true }));
    expectWhole();
  });

  test("does nothing more when it was finished", async () => {
    await runList(options());
    const before = read("out.geojson");
    const { counts, isFinished } = await runList(options({ resume: true, predict: lostAfter(0) }));
    expect(isFinished).toBe(true);
    expect(counts.predicted).toBe(TILES - 7);
    expect(read("out.geojson")).toBe(before);
  });

  test("stops when it is told to, and goes on", async () => {
    const stop = new AbortController();
    const predict: ListRunOptions["predict"] = (images, signal) => {
      stop.abort();
      return options().predict(images, signal);
    };
    const first = await runList(options({ stop: stop.signal, predict }));
    expect(first.isFinished).toBe(false);
    expect(first.counts.predicted).toBeLessThan(TILES - 7);
    await runList(options({ resume: true }));
    expectWhole();
  });

  describe("with tiles that come one by one", () => {
    const ways: readonly (readonly [string, (stop: AbortController, signal: AbortController) => void])[] = [
      ["stops", (stop) => stop.abort()],
      ["gives up", (_, signal) => signal.abort(new StartupError("the server is gone"))],
    ];
    test.each(ways)("%s while it waits for the next one", async (_, end) => {
      const [stop, signal] = [new AbortController(), new AbortController()];
      const stream = new PassThrough();
      stream.write("0-0-3\n");
      const predict: ListRunOptions["predict"] = async (images, ending) => {
        // The next tile is waited for by then, and never comes.
        setImmediate(() => end(stop, signal));
        return options().predict(images, ending);
      };
      const changes = { source: streamSource(stream), predict, stop: stop.signal, signal: signal.signal };
      const ended = await runList(options({ ...changes, batchSize: 1 })).catch((error) => error);
      if (signal.signal.aborted) expect(ended).toBeInstanceOf(StartupError);
      else expect(ended).toMatchObject({ isFinished: false, counts: { predicted: 1 } });
      expect(stream.destroyed).toBe(true);
    });
  });

  test.each(["out.ndjson", "failures.csv", "checkpoint"])(
    "does not touch %s when it is there",
    async (name) => {
      writeFileSync(at(name), "precious");
      await expect(runList(options())).rejects.toThrow(UsageError);
      expect(read(name)).toBe("precious");
      expect(existsSync(at("out.geojson"))).toBe(false);
    },
  );

  test("does not go on with other tiles or other outputs", async () => {
    await expect(runList(options({ predict: lostAfter(1) }))).rejects.toThrow(StartupError);
    const other = boxSource({ bounds: [0, 0, 1, 1], firstZoom: 3, lastZoom: 3 });
    await expect(runList(options({ resume: true, source: other }))).rejects.toThrow(UsageError);
    await expect(runList(options({ resume: true, failures: undefined }))).rejects.toThrow(UsageError);
  });

  test("refuses a checkpoint that is none", async () => {
    writeFileSync(at("checkpoint"), '{"version":99}');
    await expect(runList(options({ resume: true }))).rejects.toThrow(StartupError);
    writeFileSync(at("checkpoint"), "");
    await expect(runList(options({ resume: true }))).rejects.toThrow(StartupError);
  });

  test("lists lines of a file that are no tiles, by what stands there", async () => {
    writeFileSync(at("list.txt"), "1-1-3\nnonsense\n2-2-3\n");
    const list = await fileSource(at("list.txt"));
    expect(list.total).toBe(3);
    await runList(options({ source: list }));
    expect(read("failures.csv").split("\n")[1]).toMatch(/^nonsense,INVALID_TILE,/);
  });

  test("prints to standard output without leaving a file", async () => {
    await runList(options({ outputs: [parseOutput("-")], failures: undefined, checkpoint: undefined }));
    expect(printed.trimEnd().split("\n").length).toBe(TILES - 7);
    expect(existsSync(at("checkpoint"))).toBe(false);
  });
});

describe("parseOutput", () => {
  test.each(["out", "out.txt", "mysql://host/db", ""])("refuses %j", (text) => {
    expect(() => parseOutput(text)).toThrow(UsageError);
  });
});
