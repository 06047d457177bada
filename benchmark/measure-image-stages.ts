import { decodeImage } from "../src/image/decode.ts";
import { decodeWithSharp } from "../src/image/decode-with-sharp.ts";
import { preprocess } from "../src/image/preprocess.ts";
import { type Cost, measureCost } from "./cpu-meter.ts";
import { PREPROCESS } from "./model-folder.ts";
import { readTiles } from "./tiles.ts";

export interface StageOptions {
  readonly tilesFolder: string;
  readonly seconds: number;
}

/** The parts that are the same for every model, each measured alone. */
export interface StageCosts {
  /** With the decoder of usual JPEGs, which takes these tiles. */
  readonly decode: Cost;
  /** The same tiles with the decoder of everything else; for the record, not in the bound. */
  readonly decodeGeneral: Cost;
  readonly preprocess: Cost;
  readonly json: Cost;
}

const DECODE = { color: "RGB", maxImagePixels: 50_000_000 } as const;

/** Measures the server's decoder, one tile at a time. */
export function measureDecode({ tilesFolder, seconds }: StageOptions): Promise<Cost> {
  const tiles = readTiles(tilesFolder);
  const step = async () => {
    for (const tile of tiles) await decodeImage(tile, DECODE);
    return tiles.length;
  };
  return measureCost({ step, seconds });
}

/** Measures the decoder that takes what is no usual JPEG, on the same tiles. */
export function measureDecodeGeneral({ tilesFolder, seconds }: StageOptions): Promise<Cost> {
  const tiles = readTiles(tilesFolder);
  const step = async () => {
    for (const tile of tiles) await decodeWithSharp(tile, "jpeg", DECODE.maxImagePixels);
    return tiles.length;
  };
  return measureCost({ step, seconds });
}

/** Measures resize and normalisation of decoded tiles to rows [3, 224, 224]. */
export async function measurePreprocess({ tilesFolder, seconds }: StageOptions): Promise<Cost> {
  const rasters = await Promise.all(readTiles(tilesFolder).map((tile) => decodeImage(tile, DECODE)));
  const step = () => {
    for (const raster of rasters) preprocess(raster, PREPROCESS);
    return rasters.length;
  };
  return measureCost({ step, seconds });
}
