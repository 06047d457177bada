import type { ErrorCode } from "../../src/errors.ts";
import type { Reference } from "./collections.ts";

/** Files that Pillow decodes and the server refuses, by Pillow's name of their format. */
export interface Deviation {
  readonly format: string;
  readonly code: ErrorCode;
  readonly reason: string;
}

const DEVIATIONS: readonly Deviation[] = [
  {
    format: "PPM",
    code: "UNSUPPORTED_FORMAT",
    reason: "netpbm: a format of tools, not of the web or of cameras",
  },
  { format: "SGI", code: "UNSUPPORTED_FORMAT", reason: "no decoder of it is open" },
  { format: "SUN", code: "UNSUPPORTED_FORMAT", reason: "no decoder of it is open" },
  { format: "XBM", code: "UNSUPPORTED_FORMAT", reason: "C source text: no decoder of it is open" },
];

/** Returns how the server may differ from Pillow on a file. */
export function deviationOf({ format, refused }: Reference): Deviation | undefined {
  return refused === undefined ? DEVIATIONS.find((deviation) => deviation.format === format) : undefined;
}
