import { RefusedError, UnavailableError } from "./client-error.ts";
import { type Clock, systemClock } from "./clock.ts";
import {
  ImageError,
  type ImageFailure,
  type ImageOutcome,
  type ImageSource,
  type NamedImage,
} from "./image-source.ts";
import { inBatches } from "./in-batches.ts";
import { judgeReply, type Verdict } from "./judge-reply.ts";
import { mapInOrder } from "./map-in-order.ts";
import { type PredictTransport, type Reply, UnansweredError } from "./predict-transport.ts";
import { readAnswer } from "./read-answer.ts";
import { retryAfterMs, retryDelayMs } from "./retry-delay.ts";

export interface PredictClientOptions {
  readonly transport: PredictTransport;
  /** Requests on their way at once. Minimum: 1. */
  readonly concurrency: number;
  /** Most images in a request. Minimum: 1. */
  readonly batchSize: number;
  /** Most bytes of encoded images in a request of several. */
  readonly maxBatchBytes: number;
  /** Longest time from a request's first try to the begin of its last one. */
  readonly giveUpAfterMs: number;
  /** Told of each wait before another try. @default nobody */
  readonly onRetry?: (reason: string, delayMs: number) => void;
  /** @default the system's */
  readonly clock?: Clock;
  /** Gives numbers in [0, 1). @default Math.random */
  readonly random?: () => number;
}

type Later = Extract<Verdict, { readonly kind: "later" }>;
type Settled = Exclude<Verdict, { readonly kind: "refused" }>;

/**
 * Gets predictions of any number of images: batches, several requests at once, another try where that may help. An image
 * that is at fault fails alone.
 */
export class PredictClient {
  readonly #options: PredictClientOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** When the server last said anything but "later". */
  #answeredMs = Number.NEGATIVE_INFINITY;

  constructor(options: PredictClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /**
   * Yields what became of each image, as soon as that is known of it and of all before it. The images are read as they are
   * sent: memory does not grow with their number.
   *
   * Order: that of the images.
   *
   * @throws {UnavailableError} when nobody was answered for `giveUpAfterMs`; {@link RefusedError} when no image would be;
   * the signal's reason when aborted. The images that were not yielded by then have no result.
   */
  async *predictAll(
    images: AsyncIterable<ImageSource> | Iterable<ImageSource>,
    signal: AbortSignal,
  ): AsyncGenerator<ImageOutcome, void> {
    const { batchSize, maxBatchBytes, concurrency } = this.#options;
    const limits = { size: batchSize, maxBytes: maxBatchBytes, bytesOf: bytesOf };
    const batches = inBatches(images, limits);
    // What still runs when one fails is in vain.
    const ending = new AbortController();
    const end = () => ending.abort(signal.reason);
    signal.addEventListener("abort", end, { once: true });
    try {
      signal.throwIfAborted();
      const answers = mapInOrder(batches, { concurrency, signal }, (batch) =>
        this.#predictBatch(batch, ending.signal),
      );
      for await (const outcomes of answers) yield* outcomes;
    } finally {
      signal.removeEventListener("abort", end);
      ending.abort();
    }
  }

  /**
   * Returns what became of each of a few images, in order.
   *
   * @throws as {@link PredictClient.predictAll} does.
   */
  async predict(images: readonly NamedImage[], signal: AbortSignal): Promise<ImageOutcome[]> {
    const outcomes: ImageOutcome[] = [];
    for await (const outcome of this.predictAll(images.map(heldImage), signal)) outcomes.push(outcome);
    return outcomes;
  }

  async #predictBatch(batch: readonly ImageSource[], signal: AbortSignal): Promise<ImageOutcome[]> {
    const read = await Promise.all(batch.map(readImage));
    const sound = read.filter((one): one is NamedImage => "bytes" in one);
    const answered = sound.length === 0 ? [] : await this.#answer(sound, signal);
    let next = 0;
    return read.map((one) => ("error" in one ? one : (answered[next++] as ImageOutcome)));
  }

  /** Order: outcome i belongs to image i. */
  async #answer(images: readonly NamedImage[], signal: AbortSignal): Promise<ImageOutcome[]> {
    const { verdict, body } = await this.#sendUntilSettled(images, signal);
    switch (verdict.kind) {
      case "answered":
        return readOutcomes(body, images);
      case "later":
        return failAll(images, verdict);
      case "images":
        return this.#answerApart(images, verdict, signal);
    }
  }

  /** The image that is at fault fails; the others, or all if it is not known which it is, are sent again in halves. */
  async #answerApart(
    images: readonly NamedImage[],
    { instance, ...error }: Extract<Verdict, { readonly kind: "images" }>,
    signal: AbortSignal,
  ): Promise<ImageOutcome[]> {
    const [only] = images;
    if (images.length === 1 && only !== undefined) return failAll([only], error);
    const culprit = instance === undefined ? undefined : images[instance];
    const others = images.filter((image) => image !== culprit);
    const middle = Math.ceil(others.length / 2);
    const halves = [others.slice(0, middle), others.slice(middle)].filter((half) => half.length > 0);
    const outcomes: ImageOutcome[] = [];
    // One after the other: no more requests at once than were asked for.
    for (const half of halves) outcomes.push(...(await this.#answer(half, signal)));
    if (culprit !== undefined) outcomes.splice(instance ?? 0, 0, ...failAll([culprit], error));
    return outcomes;
  }

  /** @throws {UnavailableError} when nobody was answered for too long; {@link RefusedError} when nobody will be. */
  async #sendUntilSettled(
    images: readonly NamedImage[],
    signal: AbortSignal,
  ): Promise<{ readonly verdict: Settled; readonly body: string }> {
    const startMs = this.#clock.nowMs();
    for (let attempt = 1; ; attempt++) {
      const reply = await this.#send(images, signal);
      const verdict = reply.verdict;
      if (verdict.kind === "refused") throw new RefusedError(`the server refuses: ${verdict.message}`);
      if (verdict.kind !== "later") {
        this.#answeredMs = this.#clock.nowMs();
        return { verdict, body: reply.body };
      }
      if (verdict.once && attempt > 1) return { verdict, body: "" };
      const delayMs = retryDelayMs(attempt, reply.waitMs, this.#random());
      const { giveUpAfterMs } = this.#options;
      if (this.#clock.nowMs() + delayMs - startMs > giveUpAfterMs) {
        // While others are answered, these images may be what the server can't answer.
        if (this.#answeredMs > startMs) return { verdict, body: "" };
        const seconds = Math.round(giveUpAfterMs / 1000);
        throw new UnavailableError(`nothing was answered within ${seconds} s: ${verdict.message}`);
      }
      this.#options.onRetry?.(verdict.message, delayMs);
      await this.#clock.sleep(delayMs, signal);
    }
  }

  async #send(
    images: readonly NamedImage[],
    signal: AbortSignal,
  ): Promise<{ readonly verdict: Verdict; readonly body: string; readonly waitMs?: number | undefined }> {
    signal.throwIfAborted();
    let reply: Reply;
    try {
      reply = await this.#options.transport.send(images, signal);
    } catch (error) {
      if (!(error instanceof UnansweredError)) throw error;
      const verdict: Later = { kind: "later", code: "UNREACHABLE", message: error.message, once: false };
      return { verdict, body: "" };
    }
    const waitMs = retryAfterMs(reply.retryAfter, this.#clock.wallMs());
    return { verdict: judgeReply(reply), body: reply.body, waitMs };
  }
}

/** Returns an image that is in memory as one that is to be read. */
function heldImage({ name, bytes }: NamedImage): ImageSource {
  return { name, byteLength: bytes.length, read: async () => bytes };
}

function bytesOf({ byteLength }: ImageSource): number {
  return byteLength;
}

async function readImage({
  name,
  read,
}: ImageSource): Promise<NamedImage | { name: string; error: ImageFailure }> {
  try {
    return { name, bytes: await read() };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { name, error: { code: error.code, message: error.message } };
  }
}

function readOutcomes(body: string, images: readonly NamedImage[]): ImageOutcome[] {
  try {
    return readAnswer(
      body,
      images.map(({ name }) => name),
    );
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return failAll(images, error);
  }
}

function failAll(images: readonly NamedImage[], { code, message }: ImageFailure): ImageOutcome[] {
  return images.map(({ name }) => ({ name, error: { code, message } }));
}
