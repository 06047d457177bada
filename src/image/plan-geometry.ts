import { ServingError } from "../errors.ts";
import type { CropRounding, Geometry, PreprocessSpec, Resize } from "./preprocess-spec.ts";
import type { Size } from "./raster.ts";

/** A row may be enlarged to this many pixels; beyond, only as large as its source. 4096 x 4096. */
const MAX_ENLARGED_PIXELS = 2 ** 24;

/**
 * Returns where each pixel of a row comes from, for an image of size `source`. Nothing is allocated.
 *
 * Units: pixels.
 *
 * @throws {ServingError} IMAGE_TOO_LARGE when a thin image, its shorter edge enlarged, would make a huge row.
 */
export function planGeometry(
  source: Size,
  spec: Pick<PreprocessSpec, "resize" | "centerCrop" | "cropRounding">,
): Geometry {
  const resized = resizedSize(source, spec.resize);
  const row = spec.centerCrop ?? resized;
  const pixels = row.height * row.width;
  if (pixels > MAX_ENLARGED_PIXELS && pixels > source.height * source.width) {
    const got = `${source.height} x ${source.width} becomes ${row.height} x ${row.width}`;
    throw new ServingError(
      "IMAGE_TOO_LARGE",
      `expected an image that stays small when resized, got one that ${got}`,
    );
  }
  return {
    source: { height: source.height, width: source.width },
    resized,
    top: cropOffset(resized.height - row.height, spec.cropRounding),
    left: cropOffset(resized.width - row.width, spec.cropRounding),
    row: { height: row.height, width: row.width },
  };
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

function resizedSize(source: Size, resize: Resize | undefined): Size {
  if (resize === undefined) return { height: source.height, width: source.width };
  if (resize.kind === "exact") return { height: resize.size.height, width: resize.size.width };
  return shortestEdgeSize(source, resize.edgePixels, resize.maxEdgePixels);
}

/**
 * The order of the operations is theirs: a product, a quotient of doubles, the fraction cut.
 *
 * @see pytorch/vision `torchvision/transforms/functional.py` _compute_resized_output_size;
 * huggingface/transformers `image_transforms.py` get_resize_output_image_size
 */
function shortestEdgeSize({ height, width }: Size, edge: number, maxEdge: number | undefined): Size {
  const isPortrait = width <= height;
  const [short, long] = isPortrait ? [width, height] : [height, width];
  let newShort = edge;
  let newLong = Math.trunc((edge * long) / short);
  if (maxEdge !== undefined && newLong > maxEdge) {
    // Both libraries fail where this becomes 0; a row of one pixel is an answer.
    newShort = Math.max(1, Math.trunc((maxEdge * newShort) / newLong));
    newLong = maxEdge;
  }
  return isPortrait ? { height: newLong, width: newShort } : { height: newShort, width: newLong };
}
