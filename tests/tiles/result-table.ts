import pg from "pg";

/** A table of results in a real Postgres, which goes when it is closed. */
export class ResultTable {
  readonly url: string;
  readonly name: string;
  readonly #client: pg.Client;

  private constructor(url: string, name: string, client: pg.Client) {
    this.url = url;
    this.name = name;
    this.#client = client;
  }

  /** @throws {Error} when there is no database. */
  static async open(url: string, name: string): Promise<ResultTable> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
    await client.connect();
    await client.query(`DROP TABLE IF EXISTS ${name}`);
    return new ResultTable(url, name, client);
  }

  async count(): Promise<number> {
    const { rows } = await this.#client.query("SELECT to_regclass($1) AS found", [this.name]);
    if (rows[0].found === null) return 0;
    return Number((await this.#client.query(`SELECT count(*) AS count FROM ${this.name}`)).rows[0].count);
  }

  /** By tile. */
  async rows(): Promise<Map<string, unknown>> {
    const { rows } = await this.#client.query(`SELECT tile, output FROM ${this.name}`);
    return new Map(rows.map(({ tile, output }) => [tile, output]));
  }

  /** Breaks the connections of those who write, as a restart of the database does. Returns how many there were. */
  async breakConnections(): Promise<number> {
    const { rows } = await this.#client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onnx-serving tiles'",
    );
    return rows.length;
  }

  async close(): Promise<void> {
    await this.#client.query(`DROP TABLE IF EXISTS ${this.name}`);
    await this.#client.end();
  }
}
