import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { type PostgresClient, PostgresSink, redactUrl } from "../../../src/tiles/postgres-sink.ts";
import type { TileResult } from "../../../src/tiles/tile-sink.ts";
import { FakeClock } from "../client/fake-clock.ts";

/** A database of one table, which can be away. */
class FakeDatabase {
  readonly rows = new Map<string, string>();
  readonly statements: string[] = [];
  /** What the next statements fail with. */
  failures: Error[] = [];
  connections = 0;
  hasTable = true;

  readonly createClient = (): PostgresClient => {
    const client = Object.assign(new EventEmitter(), {
      connect: async () => {
        this.connections += 1;
        const failure = this.failures.shift();
        if (failure !== undefined) throw failure;
      },
      query: async (text: string, values: readonly unknown[] = []) => this.#query(text, values),
      end: async () => {},
    });
    return client as unknown as PostgresClient;
  };

  #query(text: string, values: readonly unknown[]): { rows: object[] } {
    this.statements.push(text);
    if (text.startsWith("SELECT to_regclass")) return { rows: [{ found: this.hasTable ? "results" : null }] };
    if (text.startsWith("CREATE TABLE")) return { rows: [] };
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const [tiles, outputs] = values as [string[], string[]];
    if (outputs.some((output) => output.includes("\\u0000"))) throw pgError("22P05");
    if (new Set(tiles).size < tiles.length) throw pgError("21000");
    for (const [i, tile] of tiles.entries()) this.rows.set(tile, outputs[i] as string);
    return { rows: [] };
  }
}

function pgError(code: string): Error {
  return Object.assign(new Error(`error ${code}`), { code });
}

const result = (x: number, prediction = "1"): TileResult => ({ tile: { x, y: 0, z: 5 }, prediction });

async function open(database: FakeDatabase, table = "results", giveUpAfterMs = 60_000) {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const { createClient } = database;
  const sink = await PostgresSink.open({ table, giveUpAfterMs, createClient, clock, signal });
  return { sink, clock };
}

describe("PostgresSink", () => {
  test("writes each tile once, the last of two that are the same", async () => {
    const database = new FakeDatabase();
    const { sink } = await open(database);
    await sink.write([result(1, "[0.5]"), result(2, "2"), result(1, "3")]);
    expect([...database.rows]).toEqual([
      ["1-0-5", "3"],
      ["2-0-5", "2"],
    ]);
  });

  test("makes the table only where there is none", async () => {
    const database = new FakeDatabase();
    await open(database);
    expect(database.statements.some((text) => text.startsWith("CREATE"))).toBe(false);
    database.hasTable = false;
    await open(database, "tiles.results");
    expect(database.statements.at(-1)).toContain(
      '"tiles"."results" (tile varchar(255) PRIMARY KEY, output jsonb)',
    );
  });

  test.each(["results; DROP TABLE x", 'a"b', "", "a..b"])("refuses the table %j", async (table) => {
    await expect(open(new FakeDatabase(), table)).rejects.toThrow(StartupError);
  });

  test("refuses one output, and writes the others", async () => {
    const database = new FakeDatabase();
    const { sink } = await open(database);
    const refusals = await sink.write([result(1), result(2, '"\\u0000"'), result(3)]);
    expect([...refusals.keys()]).toEqual([1]);
    expect(refusals.get(1)?.code).toBe("NOT_STORED");
    expect([...database.rows.keys()]).toEqual(["1-0-5", "3-0-5"]);
  });

  test.each(["57P01", "08006", "40001", "53300", "ECONNRESET"])(
    "writes again on a new connection after %s",
    async (code) => {
      const database = new FakeDatabase();
      const { sink } = await open(database);
      database.failures = [pgError(code), pgError("ECONNREFUSED")];
      await sink.write([result(1)]);
      expect(database.rows.size).toBe(1);
      expect(database.connections).toBe(3);
    },
  );

  test("gives up after a while", async () => {
    const database = new FakeDatabase();
    const { sink, clock } = await open(database);
    database.failures = Array.from({ length: 1000 }, () => pgError("ECONNREFUSED"));
    await expect(sink.write([result(1)])).rejects.toThrow(StartupError);
    expect(clock.nowMs()).toBeLessThanOrEqual(60_000);
    expect(clock.nowMs()).toBeGreaterThan(10_000);
  });

  test("gives up at once when waiting would not help", async () => {
    const database = new FakeDatabase();
    const { sink, clock } = await open(database);
    database.failures = [pgError("42501")];
    await expect(sink.write([result(1)])).rejects.toThrow(StartupError);
    expect(clock.sleepsMs).toEqual([]);
  });

  test("does not start without its database", async () => {
    const database = new FakeDatabase();
    database.failures = [pgError("28P01")];
    await expect(open(database)).rejects.toThrow(StartupError);
  });
});

describe("redactUrl", () => {
  test.each([
    ["postgres://user:secret@host:5432/db", "postgres://user@host:5432/db"],
    ["postgresql://host/db?password=secret", "postgresql://host/db"],
    ["postgres://user:p@ss@host/db", "postgres://user@host/db"],
    ["postgres:///db", "postgres:///db"],
  ])("takes the password out of %s", (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });
});
