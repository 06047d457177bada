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
      const scale = Math.min(resize.size.height / height, resize.size.width / width);
      return { height: atLeastOne(height * scale), width: atLeastOne(width * scale) };
    }
  }
}

/**
 * The order of the operations is theirs: a product, a quotient of doubles, the fraction cut.
 *
 * @see pytorch/vision `torchvision/transforms/functional.py` _compute_resized_output_size;
 * huggingface/transformers `image_transforms.py` get_resize_output_image_size, get_size_with_aspect_ratio
 */
function shortestEdgeSize({ height, width }: Size, resize: ShortestEdge): Size {
  const { edgePixels: edge, maxEdgePixels: maxEdge, maxEdgeRounding } = resize;
  const isPortrait = width <= height;
  const [short, long] = isPortrait ? [width, height] : [height, width];
  let newShort = edge;
  let newLong = Math.trunc((edge * long) / short);
  if (maxEdge !== undefined && maxEdgeRounding === "half_even") {
    if ((long / short) * edge > maxEdge) {
      const exact = (maxEdge * short) / long;
      newShort = Math.max(1, roundHalfEven(exact));
      newLong = atLeastOne((exact * long) / short);
    }
  } else if (maxEdge !== undefined && newLong > maxEdge) {
    newShort = atLeastOne((maxEdge * newShort) / newLong);
    newLong = maxEdge;
  }
  return isPortrait ? { height: newLong, width: newShort } : { height: newShort, width: newLong };
}

function atLeastOne(value: number): number {
  return Math.max(1, Math.trunc(value));
}
