import type { Tile } from "./tile.ts";
import type { TileFailure } from "./tile-failure.ts";

/** A tile with its prediction: JSON, exactly as the server wrote it. */
export interface TileResult {
  readonly tile: Tile;
  readonly prediction: string;
}

/** What a sink did not take, by the place among the results. */
export type Refusals = ReadonlyMap<number, TileFailure>;

/** Where results go. */
export interface TileSink {
  /**
   * Resolves when the results are written; says of which it could not be done, whatever is tried.
   *
   * @throws {StartupError} when nothing can be written.
   */
  write(results: readonly TileResult[]): Promise<Refusals>;
  /** Resolves when all that was written will outlive the process; with the length of the file, or 0 where there is none. */
  sync(): Promise<number>;
  /** All results were written. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export const NO_REFUSALS: Refusals = new Map();
