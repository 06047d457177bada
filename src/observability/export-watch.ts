import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { Logger } from "./logger.ts";
import { WarningPause } from "./warning-pause.ts";

/** Tells the log when telemetry can't be sent, seldom while that goes on, and when it can again. */
export class ExportWatch {
  readonly #signal: "traces" | "metrics";
  readonly #logger: Pick<Logger, "warn" | "info">;
  readonly #pause = new WarningPause();
  #isFailing = false;
  #lostSpans = 0;

  constructor(signal: "traces" | "metrics", logger: Pick<Logger, "warn" | "info">) {
    this.#signal = signal;
    this.#logger = logger;
  }

  /** @param spans that are lost where it failed: they are not kept for another try; metrics are told anew each time */
  exportEnded({ code, error }: ExportResult, spans = 0): void {
    if (code === ExportResultCode.SUCCESS) {
      if (this.#isFailing) this.#logger.info(this.#line, "telemetry is sent again");
      this.#isFailing = false;
      this.#lostSpans = 0;
      this.#pause.reset();
      return;
    }
    this.#isFailing = true;
    this.#lostSpans += spans;
    if (this.#pause.isDue()) {
      this.#logger.warn({ ...this.#line, reason: reasonOf(error) }, "telemetry can't be sent");
    }
  }

  get #line(): { readonly signal: string; readonly lostSpans?: number } {
    const lost = this.#signal === "traces" ? { lostSpans: this.#lostSpans } : {};
    return { signal: this.#signal, ...lost };
  }
}

/** Of an error that several addresses gave only the code tells. */
function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  const { code, message = "" } = error ?? {};
  return [code, message.split("\n", 1)[0]].filter((part) => part !== undefined && part !== "").join(": ");
}
