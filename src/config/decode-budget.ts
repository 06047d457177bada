import type { Settings } from "./settings.ts";

export interface MemoryFigures {
  /** The container's limit as Node reads it: 0 or more than there is where there is none. */
  readonly constrainedBytes: number;
  /** The machine's. */
  readonly totalBytes: number;
  /** What the process has, with its model loaded. */
  readonly residentBytes: number;
}

/** The rest is for bodies, rows, answers, small images, and what the garbage collector has not yet found. */
const SHARE = 0.6;

/** A photograph of a telephone is decoded, however little is left. */
const MIN_BYTES = 2 ** 26;

/** Returns how many bytes large images may take in the decoders at once: MAX_DECODE_BYTES, else a share of what is left. */
export function decodeBudget(
  { maxDecodeBytes }: Pick<Settings, "maxDecodeBytes">,
  { constrainedBytes, totalBytes, residentBytes }: MemoryFigures,
): number {
  if (maxDecodeBytes !== undefined) return maxDecodeBytes;
  const limit = constrainedBytes > 0 ? Math.min(constrainedBytes, totalBytes) : totalBytes;
  return Math.max(MIN_BYTES, Math.floor((limit - residentBytes) * SHARE));
}
