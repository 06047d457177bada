import { NDJSON } from "./line-sink.ts";
import { NO_REFUSALS, type Refusals, type TileResult, type TileSink } from "./tile-sink.ts";

/** Standard output: a JSON object a line. What is in a pipe can't be taken back. */
export class PrintSink implements TileSink {
  readonly #print: (text: string) => Promise<void>;

  /** @param print resolves when the reader has taken the text */
  constructor(print: (text: string) => Promise<void>) {
    this.#print = print;
  }

  async write(results: readonly TileResult[]): Promise<Refusals> {
    if (results.length > 0) await this.#print(results.map(NDJSON.line).join(""));
    return NO_REFUSALS;
  }

  async sync(): Promise<number> {
    return 0;
  }

  async finish(): Promise<void> {}

  async close(): Promise<void> {}
}
