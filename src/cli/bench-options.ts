import type { OptionTable } from "./option-table.ts";

/** What `bench` is told. */
export interface BenchOptions {
  readonly model: string | undefined;
  readonly signature: string | undefined;
  readonly clients: number;
  readonly rate: number | undefined;
  readonly batchSize: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly timeoutMs: number;
  readonly format: "text" | "json";
  readonly header: readonly string[];
}

export const BENCH_OPTIONS: OptionTable<BenchOptions> = {
  model: {
    kind: "text",
    default: undefined,
    unset: "the first one, at /analyze",
    help: "Name of the model, asked at /v1/models/<name>.",
  },
  signature: {
    kind: "text",
    default: undefined,
    unset: "the server's",
    help: "Form of the predictions, which has its own cost.",
  },
  clients: {
    kind: "integer",
    min: 1,
    max: 4096,
    default: "8",
    help: "Clients that each send the next request when the last one is answered.",
  },
  rate: {
    kind: "number",
    min: 0.01,
    max: 1_000_000,
    default: undefined,
    unset: "as fast as the clients are answered",
    help: "Images a second to send at random times, answered or not, in the place of clients that wait.",
  },
  batchSize: { kind: "integer", min: 1, max: 1024, default: "1", help: "Images in a request." },
  seconds: { kind: "integer", min: 1, max: 3600, default: "10", help: "Length of the measured part." },
  warmupSeconds: {
    kind: "integer",
    min: 0,
    max: 3600,
    default: "2",
    help: "How long the load goes on before it is measured.",
  },
  timeoutMs: {
    kind: "integer",
    min: 1,
    max: 86_400_000,
    default: "60000",
    help: "Longest time for a request to be answered; then it counts as failed.",
  },
  format: {
    kind: "choice",
    choices: ["text", "json"],
    default: "text",
    help: "How the figures are written.",
  },
  header: {
    kind: "list",
    help: 'Header of every request, such as "Authorization: Bearer ..."; may be given several times.',
  },
};
