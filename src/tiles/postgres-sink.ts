import type { Client } from "pg";
import { type Clock, systemClock } from "../client/clock.ts";
import { retryDelayMs } from "../client/retry-delay.ts";
import { excerpt, firstLine, StartupError } from "../errors.ts";
import { tileName } from "./tile.ts";
import type { TileFailure } from "./tile-failure.ts";
import type { Refusals, TileResult, TileSink } from "./tile-sink.ts";

/** One connection, as far as it is needed. */
export type PostgresClient = Pick<Client, "connect" | "query" | "end" | "on">;

export interface PostgresSinkOptions {
  /** `name` or `schema.name`. */
  readonly table: string;
  /** Longest time that the database may be out of reach. */
  readonly giveUpAfterMs: number;
  /** Told of each wait before another try. @default nobody */
  readonly onRetry?: (reason: string, delayMs: number) => void;
  /** @returns a connection that is not open yet */
  readonly createClient: () => PostgresClient;
  /** @default the system's */
  readonly clock?: Clock;
  /** Ends the waits. */
  readonly signal: AbortSignal;
}

/**
 * chip-n-scale's table: `tile`, which is its key, and `output`. A tile that is there already gets its new output, so
 * that what is written again is not doubled.
 *
 * @see developmentseed/chip-n-scale-queue-arranger `db/migrations`
 */
export class PostgresSink implements TileSink {
  readonly #options: PostgresSinkOptions;
  readonly #clock: Clock;
  readonly #table: string;
  #client: PostgresClient | undefined;

  private constructor(options: PostgresSinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#table = options.table.split(".").map(quoteName).join(".");
  }

  /**
   * Makes the table if it is not there.
   *
   * @throws {StartupError} when the database can't be reached, or the table can't be used.
   */
  static async open(options: PostgresSinkOptions): Promise<PostgresSink> {
    const sink = new PostgresSink(options);
    try {
      await sink.#createTable();
      return sink;
    } catch (error) {
      await sink.close();
      throw failure(error);
    }
  }

  async write(results: readonly TileResult[]): Promise<Refusals> {
    const refusals = new Map<number, TileFailure>();
    if (results.length === 0) return refusals;
    try {
      await this.#persist(() => this.#upsert(results));
    } catch (error) {
      if (!isOfData(error)) throw failure(error);
      // One of them, such as a text with the character 0, which JSON has and jsonb has not.
      for (const [i, result] of results.entries()) {
        const refusal = await this.#writeAlone(result);
        if (refusal !== undefined) refusals.set(i, refusal);
      }
    }
    return refusals;
  }

  async sync(): Promise<number> {
    return 0;
  }

  async finish(): Promise<void> {}

  async close(): Promise<void> {
    await this.#client?.end().catch(() => {});
    this.#client = undefined;
  }

  async #createTable(): Promise<void> {
    const client = await this.#connect();
    // CREATE TABLE IF NOT EXISTS asks for the right to create even where the table is there.
    const { rows } = await client.query("SELECT to_regclass($1) AS found", [this.#table]);
    if (rows[0]?.found !== null) return;
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${this.#table} (tile varchar(255) PRIMARY KEY, output jsonb)`,
    );
  }

  async #writeAlone(result: TileResult): Promise<TileFailure | undefined> {
    try {
      await this.#persist(() => this.#upsert([result]));
      return undefined;
    } catch (error) {
      if (!isOfData(error)) throw failure(error);
      const message = `Postgres refuses the output: ${firstLine((error as Error).message)}`;
      return { code: "NOT_STORED", message };
    }
  }

  async #upsert(results: readonly TileResult[]): Promise<void> {
    // One statement can't touch a row twice: of a tile that is listed twice, the last one counts.
    const byName = new Map(results.map(({ tile, prediction }) => [tileName(tile), prediction]));
    const client = this.#client ?? (await this.#connect());
    await client.query(
      `INSERT INTO ${this.#table} (tile, output)
       SELECT tile, output::jsonb FROM unnest($1::text[], $2::text[]) AS given (tile, output)
       ON CONFLICT (tile) DO UPDATE SET output = excluded.output`,
      [[...byName.keys()], [...byName.values()]],
    );
  }

  /** Tries again, on a new connection, while the trouble may pass. */
  async #persist(work: () => Promise<void>): Promise<void> {
    const { giveUpAfterMs, onRetry, signal } = this.#options;
    const startMs = this.#clock.nowMs();
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!mayPass(error)) throw error;
        await this.close();
        const delayMs = retryDelayMs(attempt, undefined, Math.random());
        if (this.#clock.nowMs() + delayMs - startMs > giveUpAfterMs) throw error;
        onRetry?.(`Postgres: ${firstLine((error as Error).message)}`, delayMs);
        await this.#clock.sleep(delayMs, signal);
      }
    }
  }

  async #connect(): Promise<PostgresClient> {
    const client = this.#options.createClient();
    // An idle connection that breaks says so here; the next write finds out.
    client.on("error", () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    this.#client = client;
    return client;
  }
}

/** @returns a factory of connections, which reads the URL as libpq does, `PGPASSWORD` and the like included */
export async function postgresClients(url: string, timeoutMs: number): Promise<() => PostgresClient> {
  const { default: pg } = await import("pg");
  return () =>
    new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      application_name: "onnx-serving tiles",
    });
}

/** Returns the URL without what is secret in it. */
export function redactUrl(url: string): string {
  return url.replace(/^(\w+:\/\/[^/:@]*)(?::[^/]*)?@/, "$1@").replace(/[?#].*$/, "");
}

/** Class 22: the value is no value of the column's type. */
function isOfData(error: unknown): boolean {
  return /^22/.test(codeOf(error));
}

/**
 * Connections that broke or could not be made (08), what conflicted (40), a server without room (53) or that is told
 * to stop or starting (57P), and whatever comes from the socket and not from the server.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
function mayPass(error: unknown): boolean {
  const code = codeOf(error);
  if (/^(08|40|53|57P)/.test(code)) return true;
  return !/^[0-9A-Z]{5}$/.test(code);
}

function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown }).code ?? "");
}

function failure(error: unknown): StartupError {
  if (error instanceof StartupError) return error;
  return new StartupError(`Postgres: ${firstLine((error as Error).message)}`, { cause: error });
}

function quoteName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_$]{0,62}$/.test(name)) {
    throw new StartupError(
      `--table must be a name such as results or public.results, got "${excerpt(name)}"`,
    );
  }
  return `"${name}"`;
}
