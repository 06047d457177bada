import type { Payloads } from "./lift-payloads.ts";
import type { Instance } from "./predict-request.ts";

/** What must be known to read a body of Flash Serve. */
export interface FlashOptions {
  /** At least 1. */
  readonly maxInstances: number;
  /** Of the model's classes, for inputs of type Label. */
  readonly labels?: readonly string[] | undefined;
  /** What was lifted out of the body. */
  readonly payloads?: Payloads | undefined;
}

/** What such a body asks for. */
export interface FlashRequest {
  readonly session: string | undefined;
  /** Ours, and not Flash's: the caller's choice of output. */
  readonly signatureName: string | undefined;
  readonly instances: readonly Instance[];
  /** The answer is a list. */
  readonly isRepeated: boolean;
  /** The payload has a task's own input, `inputs`, so its output is `outputs`. */
  readonly isTask: boolean;
}
