/**
 * Every code that a caller of the server can see. The HTTP status of each stands in
 * `http/status.ts` and in `docs/errors.md`; a test holds the three lists equal.
 */
export const ERROR_CODES = [
  "INVALID_JSON",
  "INVALID_ARGUMENT",
  "INVALID_BASE64",
  "INVALID_IMAGE",
  "UNSUPPORTED_FORMAT",
  "NOT_FOUND",
  "METHOD_NOT_ALLOWED",
  "NOT_ACCEPTABLE",
  "UNSUPPORTED_ENCODING",
  "BODY_TOO_LARGE",
  "TOO_MANY_INSTANCES",
  "IMAGE_TOO_LARGE",
  "REQUEST_TIMEOUT",
  "CANCELLED",
  "INTERNAL",
  "INFERENCE_FAILED",
  "QUEUE_FULL",
  "NOT_READY",
  "DRAINING",
  "DEADLINE_EXCEEDED",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

interface ServingErrorOptions {
  /** Index in `instances` of the element at fault. */
  readonly instance?: number;
  /** When the same request may succeed, in seconds from now. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/**
 * The only error that crosses a room's border. Its message is a sentence for the caller: where,
 * what was expected, what came. It never holds a path, a stack or more than 64 characters of input.
 */
export class ServingError extends Error {
  override readonly name = "ServingError";
  readonly code: ErrorCode;
  readonly instance: number | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: ServingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.instance = options.instance;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/**
 * A failure of the model owner's own code. It is INTERNAL, but one instance's alone: the others are answered. The cause
 * is for the log.
 */
export class HandlerError extends ServingError {
  constructor(message: string, cause?: unknown) {
    super("INTERNAL", message, { cause });
  }
}

/** None of a list's instances was answered, each by the caller's doing; it is the first one's error. */
export class BatchFailedError extends ServingError {
  constructor({ code, message, instance, cause }: ServingError) {
    super(code, message, { ...(instance === undefined ? {} : { instance }), cause });
  }
}

/** A reason not to start: one line that names the file or setting and the remedy. */
export class StartupError extends Error {
  override readonly name: string = "StartupError";
}

/** A reason not to start that stands on the command line or in a setting: one line that names it. */
export class UsageError extends StartupError {
  override readonly name = "UsageError";
}

/**
 * Returns `thrown` when it is a {@link ServingError}, else an INTERNAL one that wraps it. Callers see
 * only the sentence; the cause is for the log.
 */
export function toServingError(thrown: unknown): ServingError {
  if (thrown instanceof ServingError) return thrown;
  return new ServingError("INTERNAL", "internal error; this is a bug, the log has the cause", {
    cause: thrown,
  });
}

/** Returns `thrown` when it is a {@link StartupError}, else one that wraps it. */
export function toStartupError(thrown: unknown): StartupError {
  if (thrown instanceof StartupError) return thrown;
  const { message } = thrown as Error;
  return new StartupError(`the model can't be served: ${firstLine(message)}`, { cause: thrown });
}

/** Returns the first line of a message: native libraries go on with places in their own sources. */
export function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}

/** Returns the sentence of an error for the owner of the model, who may also read its cause. */
export function withCause(error: Error): string {
  const { message, cause } = error;
  return cause instanceof Error ? `${message}: ${firstLine(cause.message)}` : message;
}

/**
 * Returns `text` on one line, cut to 64 characters, for quoting a caller's input in a message. What would move a
 * terminal's cursor, or turn the order of what follows around, becomes a space.
 */
export function excerpt(text: string): string {
  const line = text.slice(0, 65).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, " ");
  return line.length > 64 ? `${line.slice(0, 61)}...` : line;
}
