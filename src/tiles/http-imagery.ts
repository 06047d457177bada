import { FairPermits } from "../batching/fair-permits.ts";
import { type Clock, systemClock } from "../client/clock.ts";
import { retryAfterMs, retryDelayMs } from "../client/retry-delay.ts";
import { StartupError } from "../errors.ts";
import { expectImage, type Imagery } from "./imagery.ts";
import type { TileAddress } from "./imagery-template.ts";
import type { Tile } from "./tile.ts";
import { ImageryError } from "./tile-failure.ts";

export interface HttpImageryOptions {
  readonly address: TileAddress;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests to one host at once. Minimum: 1. */
  readonly hostConcurrency: number;
  /** How often a tile is asked for. Minimum: 1. */
  readonly tries: number;
  /** Longest time for one try, from its first byte to the last one of the answer. */
  readonly timeoutMs: number;
  /** Longest image. */
  readonly maxBytes: number;
  /** Tiles in a row that nobody answers for, after which nothing more is asked for. Minimum: 1. */
  readonly maxUnreachable: number;
  /** @default the global one */
  readonly fetch?: typeof fetch;
  /** @default the system's */
  readonly clock?: Clock;
  /** Gives numbers in [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** Too busy, or not well at the moment. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 520, 522, 524]);
/** What hosts answer where they have no image. */
const MISSING_STATUSES: ReadonlySet<number> = new Set([204, 404, 410]);

/** The images of an XYZ, TMS, quadkey or WMS server. A tile that waits for its next try holds no place at its host. */
export class HttpImagery implements Imagery {
  readonly #options: HttpImageryOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #permits = new Map<string, FairPermits>();
  /** Tiles in a row that nobody answered for. */
  #unreachable = 0;

  constructor(options: HttpImageryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  async read(tile: Tile, signal: AbortSignal): Promise<Uint8Array> {
    const address = this.#options.address(tile);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#readOnce(address, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ImageryError)) throw error;
        if (!error.isPassing || attempt >= this.#options.tries) throw this.#giveUp(error);
        await this.#clock.sleep(retryDelayMs(attempt, error.retryAfterMs, this.#random()), signal);
      }
    }
  }

  close(): void {}

  /** A host that is gone should not turn all that is left of a long list into failures. */
  #giveUp(error: ImageryError): Error {
    if (error.code !== "UNREACHABLE") return error;
    this.#unreachable += 1;
    const { maxUnreachable } = this.#options;
    if (this.#unreachable < maxUnreachable) return error;
    return new StartupError(
      `the imagery of ${maxUnreachable} tiles in a row is out of reach: ${error.message}`,
    );
  }

  async #readOnce(address: string, signal: AbortSignal): Promise<Uint8Array> {
    const permits = this.#permitsOf(new URL(address).host);
    const permit = await permits.acquire(this);
    try {
      signal.throwIfAborted();
      return await this.#fetch(address, signal);
    } finally {
      permits.release(permit);
    }
  }

  #permitsOf(host: string): FairPermits {
    const known = this.#permits.get(host);
    if (known !== undefined) return known;
    const permits = new FairPermits({ permits: this.#options.hostConcurrency });
    this.#permits.set(host, permits);
    return permits;
  }

  async #fetch(address: string, signal: AbortSignal): Promise<Uint8Array> {
    const { headers, timeoutMs, fetch = globalThis.fetch } = this.#options;
    const ending = new AbortController();
    const leave = () => ending.abort();
    signal.addEventListener("abort", leave, { once: true });
    const timer = setTimeout(leave, timeoutMs);
    try {
      const response = await fetch(address, { headers, signal: ending.signal });
      this.#unreachable = 0;
      if (response.status === 200) return expectImage(await this.#readBody(response));
      // The connection can't be used again before its answer has been read or left.
      await response.body?.cancel();
      throw this.#statusError(response);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ImageryError) throw error;
      const options = { isPassing: true, cause: error };
      if (ending.signal.aborted)
        throw new ImageryError("TIMEOUT", `no whole image in ${timeoutMs} ms`, options);
      throw new ImageryError("UNREACHABLE", reasonOf(error), options);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      ending.abort();
    }
  }

  async #readBody(response: Response): Promise<Uint8Array> {
    const { maxBytes } = this.#options;
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > maxBytes) throw new ImageryError("TOO_LARGE", `the image has more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length);
  }

  #statusError({ status, headers }: Response): ImageryError {
    if (MISSING_STATUSES.has(status))
      return new ImageryError("MISSING", `the host has no such tile: ${status}`);
    const asked = retryAfterMs(headers.get("Retry-After") ?? undefined, this.#clock.wallMs());
    return new ImageryError("HTTP_STATUS", `the host answered ${status}`, {
      isPassing: PASSING_STATUSES.has(status),
      retryAfterMs: asked === undefined ? undefined : Math.min(asked, LONGEST_WAIT_MS),
    });
  }
}

/** A host may ask for hours; the tile can be asked for again with the list of failures. */
const LONGEST_WAIT_MS = 60_000;

/** fetch says "fetch failed", and why in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const { code, message: inner } = (cause ?? {}) as NodeJS.ErrnoException;
  return `the host did not answer: ${code ?? inner ?? message}`;
}
