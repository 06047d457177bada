import { AppendFile } from "./append-file.ts";
import { writeCsvLine } from "./csv.ts";
import type { TileFailure } from "./tile-failure.ts";

/** A tile that has no result, by its name or by what stood in its place. */
export interface FailedTile {
  readonly text: string;
  readonly failure: TileFailure;
}

const HEADER = "tile,code,message\n";

/** A list of failures in CSV, which can be given as a list of tiles. */
export class FailureFile {
  readonly #file: AppendFile;

  private constructor(file: AppendFile) {
    this.#file = file;
  }

  /** As {@link AppendFile.open}. */
  static async open(path: string, keepBytes: number): Promise<FailureFile> {
    const file = await AppendFile.open(path, keepBytes);
    if (file.length === 0) await file.append(HEADER);
    return new FailureFile(file);
  }

  async write(failed: readonly FailedTile[]): Promise<void> {
    const lines = failed.map(({ text, failure: { code, message } }) => {
      // A list of tiles has one of them in each line.
      return writeCsvLine([text, code, message].map((field) => field.replace(/\p{Cc}+/gu, " ")));
    });
    await this.#file.append(lines.join(""));
  }

  sync(): Promise<number> {
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
