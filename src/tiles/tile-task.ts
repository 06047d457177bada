import type { Tile } from "./tile.ts";
import type { TileFailure } from "./tile-failure.ts";

/** A tile to predict. `Key` is what its source knows it by: a position in a list, or a message of a queue. */
export interface TileTask<Key> {
  readonly key: Key;
  /** What names it in a list of failures. */
  readonly text: string;
  /** A failure: the text names no tile. */
  readonly tile: Tile | TileFailure;
}

/** What became of one. */
export type TileOutcome<Key> = { readonly task: TileTask<Key> } & (
  | { readonly kind: "predicted"; readonly tile: Tile; readonly prediction: string }
  | { readonly kind: "blank" }
  | { readonly kind: "failed"; readonly failure: TileFailure }
);
