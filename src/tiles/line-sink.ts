import { onOneLine } from "../client/on-one-line.ts";
import { AppendFile } from "./append-file.ts";
import { writeCsvLine } from "./csv.ts";
import { tileName } from "./tile.ts";
import { NO_REFUSALS, type Refusals, type TileResult, type TileSink } from "./tile-sink.ts";

/** How a file of one line for each result looks. */
export interface LineForm {
  readonly header: string;
  readonly line: (result: TileResult) => string;
}

/** One JSON object a line: `{"tile": "x-y-z", "output": ...}`, the columns of chip-n-scale's table. */
export const NDJSON: LineForm = {
  header: "",
  line: ({ tile, prediction }) => `{"tile":"${tileName(tile)}","output":${onOneLine(prediction)}}\n`,
};

/** The columns of chip-n-scale's table, as its `download` writes them and its `csv_to_geojson` reads them. */
export const CSV: LineForm = {
  header: "tile,output\n",
  line: ({ tile, prediction }) => writeCsvLine([tileName(tile), onOneLine(prediction)]),
};

/** A file of one line for each result. */
export class LineSink implements TileSink {
  readonly #file: AppendFile;
  readonly #form: LineForm;

  private constructor(file: AppendFile, form: LineForm) {
    this.#file = file;
    this.#form = form;
  }

  /** As {@link AppendFile.open}. */
  static async open(path: string, form: LineForm, keepBytes: number): Promise<LineSink> {
    const file = await AppendFile.open(path, keepBytes);
    if (file.length === 0) await file.append(form.header);
    return new LineSink(file, form);
  }

  async write(results: readonly TileResult[]): Promise<Refusals> {
    await this.#file.append(results.map(this.#form.line).join(""));
    return NO_REFUSALS;
  }

  sync(): Promise<number> {
    return this.#file.sync();
  }

  async finish(): Promise<void> {}

  close(): Promise<void> {
    return this.#file.close();
  }
}
