import type { FigureSheet } from "./figure-sheet.ts";

export interface StressContext {
  /** Length of each load; what a check counts in requests is scaled with it. */
  readonly seconds: number;
  /** An empty folder of this check alone. */
  readonly folder: string;
  /** JPEG tiles of 256 x 256 pixels. */
  readonly tilesFolder: string;
  /** Ends everything that was started. */
  readonly signal: AbortSignal;
  readonly sheet: FigureSheet;
}

/** Puts its figures on the sheet; throws {@link Skip} where it can't be done here, anything else where the server failed. */
export type StressCheck = (context: StressContext) => Promise<void>;

/** Checks by name, in the order in which they run. */
export type StressChecks = Readonly<Record<string, StressCheck>>;

/** Why a check can't be done here. */
export class Skip extends Error {}
