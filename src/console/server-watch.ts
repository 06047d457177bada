import { type ServerApi, ServerError } from "./server-api.ts";
import { readTotals, type Totals, type Traffic, trafficBetween } from "./traffic.ts";

/** What the server is doing. `gone`: it does not answer. */
export type ServerState =
  | { readonly kind: "ready" }
  | { readonly kind: "gone" }
  | { readonly kind: "not-ready"; readonly state: string; readonly error?: string | undefined };

export interface ServerWatchOptions {
  readonly api: Pick<ServerApi, "metrics" | "state">;
  /** The model that is looked at. */
  readonly model: () => string;
  readonly onState: (state: ServerState) => void;
  /** undefined: nothing to compare with yet. */
  readonly onTraffic: (traffic: Traffic | undefined) => void;
}

/** From one look to the next. */
export const WATCH_MS = 2000;

/** Looks at the server's metrics, one request at a time, while somebody looks at the page. */
export class ServerWatch {
  readonly #options: ServerWatchOptions;
  #timer: number | undefined;
  #before: { readonly totals: Totals; readonly atMs: number } | undefined;

  constructor(options: ServerWatchOptions) {
    this.#options = options;
  }

  start(): void {
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.#timer);
      this.restart();
      if (document.hidden) return;
      // What went on meanwhile is nobody's average.
      this.#options.onTraffic(undefined);
      this.#next(0);
    });
    if (!document.hidden) this.#next(0);
  }

  /** Compares with nothing that was read before. */
  restart(): void {
    this.#before = undefined;
  }

  #next(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    const { onState } = this.#options;
    try {
      const isReady = await this.#readMetrics();
      onState(isReady ? { kind: "ready" } : await this.#askState());
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.#before = undefined;
      this.#options.onTraffic(undefined);
      onState({ kind: "gone" });
    } finally {
      if (!document.hidden) this.#next(WATCH_MS);
    }
  }

  /** Where a proxy keeps the metrics to itself there is no traffic to show. */
  async #readMetrics(): Promise<boolean> {
    try {
      const totals = readTotals(await this.#options.api.metrics(), this.#options.model());
      const atMs = performance.now();
      const before = this.#before;
      this.#before = { totals, atMs };
      this.#options.onTraffic(
        before === undefined ? undefined : trafficBetween(before.totals, totals, atMs - before.atMs),
      );
      return totals.isReady;
    } catch (error) {
      if (error instanceof ServerError && error.status !== 0) return false;
      throw error;
    }
  }

  async #askState(): Promise<ServerState> {
    const { state, error } = await this.#options.api.state();
    return state === "READY" ? { kind: "ready" } : { kind: "not-ready", state, error };
  }
}
