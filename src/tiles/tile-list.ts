import { excerpt, ServingError, StartupError } from "../errors.ts";
import { readCsvLine } from "./csv.ts";
import { parseTile, type Tile } from "./tile.ts";

/** One line of a list. */
export interface ListedTile {
  /** What the line says, for lists of failures. */
  readonly text: string;
  /** Undefined when the line names no tile; then `error` says why. */
  readonly tile: Tile | undefined;
  readonly error?: ServingError;
}

/**
 * Yields the tiles of a list: one in each line, in any form of `parseTile`, or CSV whose header names a column `tile`,
 * or columns `x`, `y` and `z`. Empty lines are passed over. A line that names no tile is yielded with its error: one torn
 * line of a million should not stop the rest.
 *
 * @throws {StartupError} when the first line is neither a tile nor such a header: the file is no list.
 */
export async function* readTileList(lines: AsyncIterable<string>): AsyncGenerator<ListedTile> {
  let toName: (line: string) => string = (line) => line;
  let lineNumber = 0;
  let isFirst = true;
  for await (const line of lines) {
    lineNumber += 1;
    if (line.trim() === "") continue;
    const listed = readLine(toName(line), lineNumber);
    if (isFirst && listed.tile === undefined) toName = readHeader(line);
    else yield listed;
    isFirst = false;
  }
}

function readLine(text: string, lineNumber: number): ListedTile {
  try {
    return { text, tile: parseTile(text) };
  } catch (error) {
    const { message } = error as ServingError;
    return {
      text,
      tile: undefined,
      error: new ServingError("INVALID_ARGUMENT", `line ${lineNumber}: ${message}`),
    };
  }
}

/** Returns how the name of a tile is found in the lines below a header. */
function readHeader(header: string): (line: string) => string {
  const columns = readCsvLine(header).map((name) => name.trim().toLowerCase());
  const at = columns.indexOf("tile");
  if (at >= 0) return (line) => readCsvLine(line)[at] ?? "";
  const places = ["x", "y", "z"].map((name) => columns.indexOf(name));
  if (places.every((place) => place >= 0)) {
    return (line) => {
      const fields = readCsvLine(line);
      return places.map((place) => (fields[place] ?? "").trim()).join("-");
    };
  }
  const expected = 'a tile such as 163-395-10, or CSV with the column "tile" or the columns "x", "y" and "z"';
  throw new StartupError(`the list of tiles begins with "${excerpt(header)}"; expected ${expected}`);
}
