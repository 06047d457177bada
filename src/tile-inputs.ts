import { readHeaders } from "./cli/read-headers.ts";
import type { TilesOptions } from "./cli/tiles-options.ts";
import { packageVersion } from "./config/package-version.ts";
import { UsageError } from "./errors.ts";
import { parseBoundingBox } from "./tiles/bounding-box.ts";
import { HttpImagery } from "./tiles/http-imagery.ts";
import type { Imagery } from "./tiles/imagery.ts";
import { parseTemplate } from "./tiles/imagery-template.ts";
import { MbtilesImagery } from "./tiles/mbtiles-imagery.ts";
import { type Output, outputFiles, outputName } from "./tiles/output.ts";
import { boxSource, fileSource, streamSource, type TileSource } from "./tiles/tile-source.ts";

/**
 * Returns the list of tiles that a command line names.
 *
 * @throws {StartupError} when it names none, or one that can't be read.
 */
export async function openSource(
  { bbox, zoom }: TilesOptions,
  inputs: readonly string[],
): Promise<TileSource> {
  const [list, stray] = inputs;
  if (stray !== undefined)
    throw new UsageError("tiles takes one list; put several together with cat and give -");
  if ((list === undefined) === (bbox === undefined)) {
    throw new UsageError("tiles needs a list of tiles, - or --bbox, and only one of them; see tiles --help");
  }
  if ((bbox === undefined) !== (zoom === undefined))
    throw new UsageError("--bbox and --zoom need each other");
  if (bbox !== undefined && zoom !== undefined) return boxSource(parseBoundingBox(bbox, zoom));
  return list === "-" || list === undefined ? streamSource(process.stdin) : fileSource(list);
}

/**
 * Opens the imagery that a command line names.
 *
 * @throws {StartupError} when it names none, or a file that can't be read.
 */
export async function openImagery(options: TilesOptions): Promise<Imagery> {
  const { imagery, subdomains, imageryHeader } = options;
  if (imagery === undefined)
    throw new UsageError(
      "tiles needs --imagery: an address such as https://.../{z}/{x}/{y}.png, or an .mbtiles file",
    );
  if (/\.mbtiles$/i.test(imagery)) return MbtilesImagery.open(imagery);
  return new HttpImagery({
    address: parseTemplate(imagery, subdomains?.split(",") ?? []),
    // Public hosts turn away clients that don't say who they are.
    headers: {
      "user-agent": `onnx-serving/${packageVersion()}`,
      ...readHeaders(imageryHeader, "--imagery-header"),
    },
    hostConcurrency: options.hostConcurrency,
    tries: options.tries,
    timeoutMs: options.imageTimeoutMs,
    maxBytes: options.maxImageBytes,
    maxUnreachable: options.maxUnreachable,
  });
}

/** @throws {UsageError} when options don't go together. */
export function checkTogether(
  options: TilesOptions,
  outputs: readonly Output[],
  inputs: readonly string[],
): void {
  const { queue, bbox, url, modelDir, resume, failures } = options;
  if (url !== undefined && modelDir !== undefined) {
    throw new UsageError("--url and --model-dir are both given: one of them says where the model is");
  }
  const names = outputs.map(outputName);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new UsageError(`--output ${twice} is given twice`);
  if (queue === undefined) {
    if (resume && checkpointFile(options, outputs) === undefined) {
      throw new UsageError(
        "--resume needs --checkpoint, and no output to -: what went there can't be taken back",
      );
    }
    return;
  }
  if (bbox !== undefined || inputs.length > 0) {
    throw new UsageError("tiles takes a list, --bbox or --queue, and only one of them");
  }
  if (outputs.some((output) => "path" in output)) {
    throw new UsageError("--queue may deliver a tile twice: its outputs are postgres://... and -");
  }
  if (resume || failures !== undefined || options.checkpoint !== undefined) {
    throw new UsageError("--queue keeps what is not done itself: no --resume, --checkpoint or --failures");
  }
}

/** Returns the file that says what of a list is done; undefined where there can't be one, or none is named. */
export function checkpointFile(
  { checkpoint, failures }: TilesOptions,
  outputs: readonly Output[],
): string | undefined {
  if (outputs.some(({ kind }) => kind === "stdout")) return undefined;
  if (checkpoint !== undefined) return checkpoint;
  const [first] = [...outputs.flatMap(outputFiles), failures].filter((file) => file !== undefined);
  return first === undefined ? undefined : `${first}.checkpoint`;
}
