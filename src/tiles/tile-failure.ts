/** Why a tile has no prediction. The codes stand in docs/tiles.md; a model server's own come besides. */
export const FAILURE_CODES = [
  "INVALID_TILE",
  "MISSING",
  "HTTP_STATUS",
  "NOT_AN_IMAGE",
  "TOO_LARGE",
  "TIMEOUT",
  "UNREACHABLE",
  "NOT_STORED",
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

export interface TileFailure {
  /** A {@link FailureCode}, or what the server said. */
  readonly code: string;
  readonly message: string;
}

/** A tile's image can't be had. */
export class ImageryError extends Error implements TileFailure {
  override readonly name = "ImageryError";
  readonly code: FailureCode;
  /** Another try may succeed. */
  readonly isPassing: boolean;
  /** How long to wait before it, as the host said. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: FailureCode,
    message: string,
    { isPassing = false, retryAfterMs, cause }: ImageryErrorOptions = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.isPassing = isPassing;
    this.retryAfterMs = retryAfterMs;
  }
}

interface ImageryErrorOptions {
  readonly isPassing?: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}
