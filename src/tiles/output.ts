import { extname } from "node:path";
import { excerpt, UsageError } from "../errors.ts";
import { GeojsonSink } from "./geojson-sink.ts";
import { CSV, LineSink, NDJSON } from "./line-sink.ts";
import { linesPath, MbtilesSink } from "./mbtiles-sink.ts";
import { PostgresSink, type PostgresSinkOptions, postgresClients, redactUrl } from "./postgres-sink.ts";
import { PrintSink } from "./print-sink.ts";
import type { TileSink } from "./tile-sink.ts";

/** What an `--output` says. */
export type Output =
  | { readonly kind: "ndjson" | "csv" | "geojson" | "mbtiles"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "stdout" };

const KINDS: Readonly<Record<string, "ndjson" | "csv" | "geojson" | "mbtiles">> = {
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".csv": "csv",
  ".geojson": "geojson",
  ".mbtiles": "mbtiles",
};

/**
 * Returns the output that a text names: `-`, the URL of a Postgres database, or a file whose name says its form.
 *
 * @throws {UsageError} when it names none.
 */
export function parseOutput(text: string): Output {
  if (text === "-") return { kind: "stdout" };
  if (/^postgres(ql)?:\/\//.test(text)) return { kind: "postgres", url: text };
  const kind = KINDS[extname(text).toLowerCase()];
  if (kind !== undefined) return { kind, path: text };
  const endings = Object.keys(KINDS).join(", ");
  throw new UsageError(
    `--output must be -, postgres://... or a file that ends in ${endings}, got "${excerpt(text)}"`,
  );
}

/** Returns what an output is called in messages and checkpoints: without a password. */
export function outputName(output: Output): string {
  if (output.kind === "postgres") return redactUrl(output.url);
  return output.kind === "stdout" ? "standard output" : output.path;
}

/** Returns the files that a new run makes. */
export function outputFiles(output: Output): readonly string[] {
  if (!("path" in output)) return [];
  return output.kind === "mbtiles" ? [output.path, linesPath(output.path)] : [output.path];
}

export interface SinkOptions extends Omit<PostgresSinkOptions, "createClient"> {
  /** Writes to standard output. */
  readonly print: (text: string) => Promise<void>;
  /** Longest time for one statement of Postgres. */
  readonly statementTimeoutMs: number;
}

/**
 * Opens an output.
 *
 * @param keepBytes how much of its file is sound; 0 for a new run
 * @throws {StartupError} when it can't be written.
 */
export async function openSink(output: Output, keepBytes: number, options: SinkOptions): Promise<TileSink> {
  switch (output.kind) {
    case "ndjson":
      return LineSink.open(output.path, NDJSON, keepBytes);
    case "csv":
      return LineSink.open(output.path, CSV, keepBytes);
    case "geojson":
      return GeojsonSink.open(output.path, keepBytes);
    case "mbtiles":
      return MbtilesSink.open(output.path, keepBytes);
    case "postgres": {
      const createClient = await postgresClients(output.url, options.statementTimeoutMs);
      return PostgresSink.open({ ...options, createClient });
    }
    case "stdout":
      return new PrintSink(options.print);
  }
}
