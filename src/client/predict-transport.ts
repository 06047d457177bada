import type { NamedImage } from "./image-source.ts";

/** An answer of any status, read to its end. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  /** The header `Retry-After` as it came. */
  readonly retryAfter?: string | undefined;
}

/** What carries images to a model: a connection to a server, or a model in this process. */
export interface PredictTransport {
  /**
   * Sends images as one request.
   *
   * @throws {UnansweredError} when no answer came; the signal's reason when aborted.
   */
  send(images: readonly NamedImage[], signal: AbortSignal): Promise<Reply>;
}

/** No answer came: the server is not there, or went away, or took too long. */
export class UnansweredError extends Error {
  override readonly name = "UnansweredError";
}
