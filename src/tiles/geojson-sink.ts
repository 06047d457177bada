import { AppendFile } from "./append-file.ts";
import { tileBounds } from "./mercator.ts";
import { type Tile, tileName } from "./tile.ts";
import { NO_REFUSALS, type Refusals, type TileResult, type TileSink } from "./tile-sink.ts";

const HEAD = '{"type":"FeatureCollection","features":[';
const TAIL = "\n]}\n";

/**
 * A GeoJSON file: a feature for each result, whose geometry is the tile's outline. It is whole, with its end, when the
 * run has finished.
 *
 * @see RFC 7946
 */
export class GeojsonSink implements TileSink {
  readonly #file: AppendFile;

  private constructor(file: AppendFile) {
    this.#file = file;
  }

  /** As {@link AppendFile.open}. */
  static async open(path: string, keepBytes: number): Promise<GeojsonSink> {
    const file = await AppendFile.open(path, keepBytes);
    if (file.length === 0) await file.append(HEAD);
    return new GeojsonSink(file);
  }

  async write(results: readonly TileResult[]): Promise<Refusals> {
    let text = "";
    for (const result of results) {
      const isFirst = text === "" && this.#file.length === HEAD.length;
      text += `${isFirst ? "" : ","}\n${JSON.stringify(toFeature(result))}`;
    }
    await this.#file.append(text);
    return NO_REFUSALS;
  }

  sync(): Promise<number> {
    return this.#file.sync();
  }

  async finish(): Promise<void> {
    await this.#file.append(TAIL);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function toFeature({ tile, prediction }: TileResult): object {
  return {
    type: "Feature",
    id: tileName(tile),
    geometry: { type: "Polygon", coordinates: [outline(tile)] },
    properties: { tile: tileName(tile), ...toProperties(JSON.parse(prediction)) },
  };
}

/** Counterclockwise, from the south-west. */
function outline(tile: Tile): readonly (readonly number[])[] {
  const [west, south, east, north] = tileBounds(tile);
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
}

/**
 * A list of scores becomes `p0`, `p1` and so on, the names that chip-n-scale's `csv_to_geojson` gives them; anything else
 * is `prediction` as it is.
 */
function toProperties(prediction: unknown): object {
  const isScores = Array.isArray(prediction) && prediction.every((score) => typeof score === "number");
  if (!isScores) return { prediction };
  return Object.fromEntries(prediction.map((score, i) => [`p${i}`, score]));
}
