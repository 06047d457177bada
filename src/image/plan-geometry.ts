import { ServingError } from "../errors.ts";
import { paddedSize } from "./padded-size.ts";
import type { CropRounding, Geometry, PreprocessSpec, Resize } from "./preprocess-spec.ts";
import type { Size } from "./raster.ts";
import { resizedSize } from "./resized-size.ts";
import { roundHalfEven } from "./round-half-even.ts";
import { shareBox } from "./share-box.ts";
import { type SourceBox, sourceBox } from "./source-box.ts";

type Letterbox = Extract<Resize, { readonly kind: "letterbox" }>;

/** A row of three channels may be enlarged to this many pixels; beyond, only as large as its source. 4096 x 4096. */
const MAX_ENLARGED_PIXELS = 2 ** 24;

/**
 * Returns where each pixel of a row comes from, for an image of size `source`. Nothing is allocated.
 *
 * Units: pixels.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE when a thin image, its shorter edge enlarged, would make a huge row, or when
 * it is larger than what it is padded to.
 */
export function planGeometry(
  source: Size,
  spec: Pick<PreprocessSpec, "resize" | "centerCrop" | "cropRounding" | "padTo"> &
    Partial<Pick<PreprocessSpec, "mean">>,
): Geometry {
  const resized = resizedSize(source, spec.resize);
  const { resize } = spec;
  if (resize?.kind === "crop" || resize?.kind === "pad") {
    return boxGeometry(source, resize.size, sourceBox(source, resize.size, resize.kind));
  }
  if (resize?.kind === "share") return boxGeometry(source, resize.size, shareBox(source, resize.share));
  if (resize?.kind === "letterbox") return letterboxGeometry(source, resized, resize);
  const kept = spec.centerCrop ?? resized;
  const row = paddedSize(kept, spec.padTo);
  if (kept.height > row.height || kept.width > row.width) {
    throw new ServingError(
      "IMAGE_TOO_LARGE",
      `expected an image of at most ${row.height} x ${row.width} after the resize, got ${kept.height} x ${kept.width}`,
    );
  }
  const pixels = row.height * row.width;
  const maxPixels = (MAX_ENLARGED_PIXELS * 3) / Math.max(3, spec.mean?.length ?? 3);
  if (pixels > maxPixels && pixels > source.height * source.width) {
    const got = `${source.height} x ${source.width} becomes ${row.height} x ${row.width}`;
    throw new ServingError(
      "IMAGE_TOO_LARGE",
      `expected an image that stays small when resized, got one that ${got}`,
    );
  }
  return {
    source: { height: source.height, width: source.width },
    resized,
    top: cropOffset(resized.height - kept.height, spec.cropRounding) - row.top,
    left: cropOffset(resized.width - kept.width, spec.cropRounding) - row.left,
    row: { height: row.height, width: row.width },
    ...(spec.centerCrop === undefined || spec.padTo === undefined
      ? {}
      : { seen: { height: kept.height, width: kept.width, top: row.top, left: row.left } }),
  };
}

/** The row shows a box of the source: the whole source would be larger or smaller by the same factors. */
function boxGeometry({ height, width }: Size, row: Size, box: SourceBox): Geometry {
  const source = { height, width };
  const boxPixels = box.height * box.width;
  if (boxPixels > MAX_ENLARGED_PIXELS && boxPixels > height * width) {
    throw new ServingError(
      "IMAGE_TOO_LARGE",
      `expected an image that stays small when padded, got one that becomes ${box.height} x ${box.width}`,
    );
  }
  const [down, across] = [row.height / box.height, row.width / box.width];
  const resized = { height: height * down, width: width * across };
  return { source, resized, top: box.top * down, left: box.left * across, row: { ...row } };
}

/** @see ultralytics/ultralytics `ultralytics/data/augment.py` LetterBox */
function letterboxGeometry({ height, width }: Size, resized: Size, { size, stride }: Letterbox): Geometry {
  const fill = (edge: number, full: number) =>
    stride === undefined ? full : edge + ((full - edge) % stride);
  const row = { height: fill(resized.height, size.height), width: fill(resized.width, size.width) };
  const before = (space: number) => 0 - Math.max(0, roundHalfEven(space / 2 - 0.1));
  const top = before(row.height - resized.height);
  const left = before(row.width - resized.width);
  return { source: { height, width }, resized, top, left, row };
}

/**
 * Returns the first pixel of a centre crop, for an image longer than it by `excess` pixels; negative where zeros
 * come first.
 *
 * @see huggingface/transformers `image_transforms.py` center_crop;
 * pytorch/vision `torchvision/transforms/functional.py` center_crop
 */
function cropOffset(excess: number, rounding: CropRounding = "floor"): number {
  const half = Math.floor(excess / 2);
  if (rounding === "floor" || excess % 2 === 0) return half;
  // torchvision pads with the smaller half first. `half + 0.5` goes to its even neighbour.
  return excess < 0 || half % 2 !== 0 ? half + 1 : half;
}
