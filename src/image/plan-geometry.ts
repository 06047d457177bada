import { ServingError } from "../errors.ts";
import type { Geometry, PreprocessSpec, Resize } from "./preprocess-spec.ts";
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
export function planGeometry(source: Size, spec: Pick<PreprocessSpec, "resize" | "centerCrop">): Geometry {
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
    // Hugging Face's rule: an odd difference leaves the larger half below and to the right. (torchvision rounds
    // half to even instead: differences of 3, 7, 11 ... are cut one pixel further in.)
    top: Math.floor((resized.height - row.height) / 2),
    left: Math.floor((resized.width - row.width) / 2),
    row: { height: row.height, width: row.width },
  };
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
