import type { Feed, RunOutcome, Session, SessionInfo } from "../../src/runtime/session.ts";
import type { Tensors } from "../../src/tensor/tensor.ts";

/** A model whose runs end when the test says so: each waits for {@link PuppetSession.release}. */
export class PuppetSession implements Session {
  readonly info: SessionInfo;
  /** Rows of each run, in order. */
  readonly runs: number[] = [];
  isClosed = false;
  readonly #answer: (row: Tensors) => Tensors;
  readonly #held: (() => void)[] = [];
  #isHolding = false;

  /** @param answer what the model makes of one row */
  constructor(info: SessionInfo, answer: (row: Tensors) => Tensors) {
    this.info = info;
    this.#answer = answer;
  }

  /** From now on runs do not end. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Ends all runs that are held, and those to come. */
  release(): void {
    this.#isHolding = false;
    for (const finish of this.#held.splice(0)) finish();
  }

  async run(feed: Feed): Promise<RunOutcome> {
    const rows = feed.kind === "rows" ? feed.rows : [feed.feeds];
    this.runs.push(rows.length);
    if (this.#isHolding) await new Promise<void>((resolve) => this.#held.push(resolve));
    return { rows: rows.map((row) => ({ outputs: this.#answer(row) })), computeInferMs: 1 };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.release();
  }
}

/** A puppet that doubles: x float32 [N] → y = 2x. Serve it with any ONNX file in the folder. */
export function doublingSession(): PuppetSession {
  const spec = (name: string) => ({ name, dtype: "float32", shape: ["N"] }) as const;
  return new PuppetSession({ inputs: [spec("x")], outputs: [spec("y")], provider: "cpu" }, ({ x }) => ({
    y: {
      dtype: "float32",
      shape: [],
      data: Float32Array.from(x?.data as Float32Array, (value) => 2 * value),
    },
  }));
}
