import { identifyImage } from "../image/identify.ts";
import type { Tile } from "./tile.ts";
import { ImageryError } from "./tile-failure.ts";

/** Where the images of tiles are. */
export interface Imagery {
  /**
   * Resolves with the encoded image of a tile.
   *
   * @throws {ImageryError} when it can't be had, after as many tries as make sense.
   */
  read(tile: Tile, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}

/**
 * Returns `bytes` if they begin as an image does that a server decodes. Error pages come with any status.
 *
 * @throws {ImageryError} NOT_AN_IMAGE, saying what they look like.
 */
export function expectImage(bytes: Uint8Array): Uint8Array {
  const found = identifyImage(bytes);
  if (found.kind === "image") return bytes;
  const got = found.looksLike === "empty" ? "an empty body" : found.looksLike;
  // A page or an empty body often stands for a passing trouble; an image of another format does not.
  throw new ImageryError("NOT_AN_IMAGE", `expected an image, got ${got}`, { isPassing: !found.isImage });
}
