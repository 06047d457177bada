import { FairBudget } from "./batching/fair-budget.ts";
import { ServingError } from "./errors.ts";
import { decodeBytes } from "./image/decode-bytes.ts";
import type { PreprocessSpec } from "./image/preprocess-spec.ts";
import type { EncodedImage } from "./image-workers/image-task.ts";

export interface DecodeMemoryOptions {
  /** Most bytes that large images take at once. */
  readonly maxBytes: number;
  readonly maxImagePixels: number;
}

export interface TakenMemory {
  /** Gives the memory back, once. */
  readonly free: () => void;
}

/** A small image's. */
const NONE: TakenMemory = { free: () => {} };

/** Images that take less never wait: as much as a worker keeps between two images anyway. */
const SMALL_BYTES = 2 ** 24;

/** The worker's copy of an array, its numbers as float32, and those of one band cut. */
const ARRAY_COPIES = 4;

/**
 * Keeps the image workers from decoding more large images at once than the process has memory for. They wait for each
 * other, in turns between requests; small ones pass by.
 */
export class DecodeMemory {
  readonly #options: DecodeMemoryOptions;
  readonly #budget: FairBudget;

  constructor(options: DecodeMemoryOptions) {
    this.#options = options;
    this.#budget = new FairBudget(options.maxBytes);
  }

  /**
   * Gives memory for the image when there is some; at once to a small one, and to one that will be refused by its header.
   *
   * @throws {ServingError} IMAGE_TOO_LARGE when there never will be.
   */
  take(
    flow: object,
    { bytes, array }: Pick<EncodedImage, "bytes" | "array">,
    spec: PreprocessSpec,
  ): TakenMemory | Promise<TakenMemory> {
    const { maxBytes, maxImagePixels } = this.#options;
    const needed =
      array === undefined ? decodeBytes(bytes, spec, maxImagePixels) : ARRAY_COPIES * bytes.length;
    if (needed <= SMALL_BYTES) return NONE;
    if (needed > maxBytes) {
      const expected = `expected an image that is decoded in at most ${maxBytes} bytes of memory (MAX_DECODE_BYTES)`;
      throw new ServingError("IMAGE_TOO_LARGE", `${expected}, got one that may take ${needed}`);
    }
    return this.#take(flow, needed);
  }

  /** Rejects every waiting `take` of a flow with `reason`. */
  cancel(flow: object, reason: unknown): void {
    this.#budget.cancel(flow, reason);
  }

  async #take(flow: object, needed: number): Promise<TakenMemory> {
    await this.#budget.acquire(flow, needed);
    let isTaken = true;
    const free = () => {
      if (isTaken) this.#budget.release(needed);
      isTaken = false;
    };
    return { free };
  }
}
