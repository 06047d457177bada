import type { Resize } from "./preprocess-spec.ts";
import type { Size } from "./raster.ts";
import { roundHalfEven } from "./round-half-even.ts";

type ShortestEdge = Extract<Resize, { readonly kind: "shortest_edge" }>;

/** Returns what size an image of size `source` is resized to. Units: pixels. Never below 1, where libraries fail. */
export function resizedSize(source: Size, resize: Resize | undefined): Size {
  const { height, width } = source;
  switch (resize?.kind) {
    case undefined:
      return { height, width };
    case "exact":
    case "crop":
    case "pad":
    case "share":
      return { height: resize.size.height, width: resize.size.width };
    case "shortest_edge":
      return shortestEdgeSize(source, resize);
    case "longest_edge": {
      const scale = resize.edgePixels / Math.max(height, width);
      return { height: atLeastOne(height * scale + 0.5), width: atLeastOne(width * scale + 0.5) };
    }
    case "letterbox": {
      const scale = Math.min(resize.size.height / height, resize.size.width / width);
      return {
        height: Math.max(1, roundHalfEven(height * scale)),
        width: Math.max(1, roundHalfEven(width * scale)),
      };
    }
    case "fit": {
      if (resize.rounding === "half_even") return keptRatio(source, resize.size, Math.max);
      const scale = Math.min(resize.size.height / height, resize.size.width / width);
      return { height: atLeastOne(height * scale), width: atLeastOne(width * scale) };
    }
    case "cover":
      return keptRatio(source, resize.size, Math.min);
    case "nearest":
      return nearestSize(source, resize.size, resize.multipleOf);
    case "multiple":
      return toMultiple(source, resize.pixels, "down");
  }
}

/** @see huggingface/pytorch-image-models `timm/data/transforms.py` ResizeKeepRatio */
function keptRatio(
  { height, width }: Size,
  size: Size,
  choose: (down: number, across: number) => number,
): Size {
  const ratio = choose(height / size.height, width / size.width);
  return {
    height: Math.max(1, roundHalfEven(height / ratio)),
    width: Math.max(1, roundHalfEven(width / ratio)),
  };
}

/** @see huggingface/transformers `models/dpt/image_processing_dpt.py` get_resize_output_image_size */
function nearestSize({ height, width }: Size, size: Size, multipleOf: number): Size {
  const [down, across] = [size.height / height, size.width / width];
  const scale = Math.abs(1 - across) < Math.abs(1 - down) ? across : down;
  const edge = (length: number) => Math.max(1, roundHalfEven((scale * length) / multipleOf)) * multipleOf;
  return { height: edge(height), width: edge(width) };
}

function toMultiple({ height, width }: Size, pixels: number, direction: "down" | "up"): Size {
  const round = direction === "up" ? Math.ceil : Math.floor;
  const edge = (length: number) => Math.max(1, round(length / pixels)) * pixels;
  return { height: edge(height), width: edge(width) };
}

/**
 * The order of the operations is theirs: a product, a quotient of doubles, the fraction cut.
 *
 * @see pytorch/vision `torchvision/transforms/functional.py` _compute_resized_output_size;
 * huggingface/transformers `image_transforms.py` get_resize_output_image_size, get_size_with_aspect_ratio,
 * `models/vilt/image_processing_vilt.py` get_resize_output_image_size
 */
function shortestEdgeSize({ height, width }: Size, resize: ShortestEdge): Size {
  const isPortrait = width <= height;
  const [short, long] = isPortrait ? [width, height] : [height, width];
  const [newShort, newLong] = newEdges(short, long, resize);
  const size = isPortrait ? { height: newLong, width: newShort } : { height: newShort, width: newLong };
  const { multipleOf } = resize;
  return multipleOf === undefined ? size : toMultiple(size, multipleOf.pixels, multipleOf.direction);
}

/** Returns the new shorter and longer edge. */
function newEdges(short: number, long: number, resize: ShortestEdge): [number, number] {
  const { edgePixels: edge, maxEdgePixels: maxEdge = Number.POSITIVE_INFINITY } = resize;
  if (resize.maxEdgeRounding === "half_up") {
    const scaled = (edge / short) * long;
    const scale = Math.min(1, maxEdge / scaled);
    return [atLeastOne(scale * edge + 0.5), atLeastOne(scale * scaled + 0.5)];
  }
  if (resize.maxEdgeRounding === "half_even") {
    if ((long / short) * edge <= maxEdge) return [edge, Math.trunc((edge * long) / short)];
    const exact = (maxEdge * short) / long;
    const rounded = Math.max(1, roundHalfEven(exact));
    // An image whose shorter edge is right already stays as it is, also where the longer one passes the limit.
    return rounded === short ? [short, long] : [rounded, atLeastOne((exact * long) / short)];
  }
  const newLong = Math.trunc((edge * long) / short);
  return newLong > maxEdge ? [atLeastOne((maxEdge * edge) / newLong), maxEdge] : [edge, newLong];
}

function atLeastOne(value: number): number {
  return Math.max(1, Math.trunc(value));
}
