import type { Filter, PadMultiple, Resize } from "../image/preprocess-spec.ts";
import type { Size } from "../image/raster.ts";
import { roundHalfEven } from "../image/round-half-even.ts";
import type { ProcessorConfig } from "./processor-config.ts";

/** What a file says of sizes; a line stands for what is not served. */
export interface ProcessorSizes {
  /** Undefined where the file does not say: the graph then does. */
  readonly resize: Resize | false | string | undefined;
  readonly centerCrop: Size | false | string;
}

/** Pillow's numbers of its filters, by which `resample` names them. */
const FILTER_BY_NUMBER: readonly Filter[] = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

/** Edges by name: `height` and `width`, `shortest_edge`, `longest_edge`, `max_height` and `max_width`. */
type Edges = Readonly<Record<string, number | null | undefined>>;

/** A file filled up with its class's defaults. */
interface Filled {
  readonly config: ProcessorConfig;
  readonly edges: Edges | undefined;
  readonly filter: Filter;
}

/** The classes with rules of their own; all others mean `size` and `crop_size` as {@link plainSizes} reads them. */
const RULES: Readonly<Record<string, (filled: Filled) => ProcessorSizes>> = {
  ConvNext: convNextSizes,
  DPT: dptSizes,
  GLPN: glpnSizes,
  Levit: levitSizes,
  Mask2Former: maskFormerSizes,
  MaskFormer: maskFormerSizes,
  OneFormer: maskFormerSizes,
  Perceiver: perceiverSizes,
  PoolFormer: poolFormerSizes,
  Vilt: viltSizes,
  Yolos: yolosSizes,
};

/**
 * Returns the resize and the crop that a file asks for.
 *
 * @param name the class's, without `ImageProcessor`
 * @param config the file, filled up with the class's defaults
 * @param form the class's own `size`: what a plain number means
 * @see huggingface/transformers `image_processing_utils.py` get_size_dict
 */
export function processorSizes(
  name: string,
  config: ProcessorConfig,
  form: ProcessorConfig["size"],
): ProcessorSizes {
  const filter = FILTER_BY_NUMBER[config.resample ?? 2] ?? "bilinear";
  const edges = namedEdges(config.size, form, config.max_size);
  const filled = { config, edges, filter };
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  const sizes = (rule ?? plainSizes)(filled);
  return (config.do_resize ?? true) ? sizes : { resize: false, centerCrop: statedCrop(config) };
}

/**
 * Returns what an image is padded to; undefined for not at all. Without `pad_size` an image is only padded to the
 * largest of its batch, which for one image is nothing: rows are batched when they are alike.
 *
 * @see huggingface/transformers `models/detr/image_processing_detr.py` pad, `models/dpt/image_processing_dpt.py`
 * pad_image, `models/swin2sr/image_processing_swin2sr.py` pad
 */
export function processorPadding(name: string, config: ProcessorConfig): Size | PadMultiple | undefined {
  if (!config.do_pad) return undefined;
  const { pad_size: stated } = config;
  const multipleOf = config.size_divisor || config.size_divisibility || 0;
  if (name === "Swin2SR") {
    return { multipleOf: typeof stated === "number" ? stated : multipleOf, method: "mirror" };
  }
  const size = exactSize(namedEdges(stated, undefined));
  if (size !== undefined) return size;
  if (multipleOf === 0 || name === "Vilt") return undefined;
  return { multipleOf, method: name === "DPT" ? "around" : "zeros" };
}

function namedEdges(
  stated: ProcessorConfig["size"],
  form: ProcessorConfig["size"],
  limit?: number | null,
): Edges | undefined {
  if (stated == null) return undefined;
  if (isList(stated)) return { height: stated[0], width: stated[1] };
  if (typeof stated === "object") return stated;
  const own: Edges = form == null || typeof form === "number" || isList(form) ? {} : form;
  if (own.shortest_edge != null || limit != null) {
    const longest = limit ?? own.longest_edge;
    return { shortest_edge: stated, ...(longest == null ? {} : { longest_edge: longest }) };
  }
  return own.longest_edge == null ? { height: stated, width: stated } : { longest_edge: stated };
}

/** `Array.isArray` alone does not tell TypeScript of a readonly list. */
function isList(
  stated: NonNullable<ProcessorConfig["size"]>,
): stated is readonly [height: number, width: number] {
  return Array.isArray(stated);
}

function exactSize(edges: Edges | undefined): Size | undefined {
  return edges?.height != null && edges.width != null
    ? { height: edges.height, width: edges.width }
    : undefined;
}

function statedCrop(config: ProcessorConfig): ProcessorSizes["centerCrop"] {
  if (!config.do_center_crop) return false;
  const size = exactSize(namedEdges(config.crop_size, undefined));
  return size ?? "do_center_crop without a crop_size of height and width";
}

/** The limit of the longer edge is met as DETR's processors do, and by now all others. */
function plainSizes({ config, edges, filter }: Filled): ProcessorSizes {
  const centerCrop = statedCrop(config);
  if (edges === undefined) return { resize: undefined, centerCrop };
  const { shortest_edge: shortest, longest_edge: longest, max_height: height, max_width: width } = edges;
  if (shortest != null) {
    const limit = longest == null ? {} : { maxEdgePixels: longest, maxEdgeRounding: "half_even" as const };
    return { resize: { kind: "shortest_edge", edgePixels: shortest, ...limit, filter }, centerCrop };
  }
  if (longest != null) return { resize: { kind: "longest_edge", edgePixels: longest, filter }, centerCrop };
  if (height != null && width != null) {
    return { resize: { kind: "fit", size: { height, width }, filter }, centerCrop };
  }
  const size = exactSize(edges);
  if (size !== undefined) return { resize: { kind: "exact", size, filter }, centerCrop };
  const line = `size with ${Object.keys(edges).join(", ")} is not served: give height and width, shortest_edge, longest_edge, or max_height and max_width`;
  return { resize: line, centerCrop };
}

/**
 * Resizes to a larger edge and cuts the middle out, but squashes from 384 pixels on.
 *
 * @see huggingface/transformers `models/convnext/image_processing_convnext.py` resize
 */
function convNextSizes(filled: Filled): ProcessorSizes {
  const { config, edges, filter } = filled;
  const edge = edges?.shortest_edge;
  if (edge == null) return plainSizes(filled);
  const size = { height: edge, width: edge };
  if (edge >= 384) return { resize: { kind: "exact", size, filter }, centerCrop: false };
  const edgePixels = Math.trunc(edge / (config.crop_pct ?? 224 / 256));
  return { resize: { kind: "shortest_edge", edgePixels, filter }, centerCrop: size };
}

/** @see huggingface/transformers `models/levit/image_processing_levit.py` resize */
function levitSizes(filled: Filled): ProcessorSizes {
  const edge = filled.edges?.shortest_edge;
  if (edge == null) return plainSizes(filled);
  return plainSizes({ ...filled, edges: { shortest_edge: Math.trunc((256 / 224) * edge) } });
}

/** @see huggingface/transformers `models/poolformer/image_processing_poolformer.py` resize */
function poolFormerSizes(filled: Filled): ProcessorSizes {
  const { config, edges } = filled;
  const share = config.crop_pct ?? 1;
  const { height, width } = exactSize(edges) ?? {};
  const edge = edges?.shortest_edge ?? (config.crop_pct != null && height === width ? height : undefined);
  if (edge != null) return plainSizes({ ...filled, edges: { shortest_edge: Math.trunc(edge / share) } });
  if (height === undefined || width === undefined) return plainSizes(filled);
  const enlarged = { height: Math.trunc(height / share), width: Math.trunc(width / share) };
  return plainSizes({ ...filled, edges: enlarged });
}

/** @see huggingface/transformers `models/maskformer/image_processing_maskformer.py` resize */
function maskFormerSizes(filled: Filled): ProcessorSizes {
  const { config, edges, filter } = filled;
  const pixels = config.size_divisor || config.size_divisibility || 1;
  const { resize, centerCrop } = plainSizes(filled);
  const size = exactSize(edges);
  if (size !== undefined) {
    const up = (edge: number) => Math.ceil(edge / pixels) * pixels;
    return {
      resize: { kind: "exact", size: { height: up(size.height), width: up(size.width) }, filter },
      centerCrop,
    };
  }
  if (typeof resize !== "object" || resize.kind !== "shortest_edge") return { resize, centerCrop };
  const { maxEdgeRounding: _rounding, ...floored } = resize;
  return { resize: { ...floored, multipleOf: { pixels, direction: "up" } }, centerCrop };
}

/** Both edges are cut to multiples of 16. */
function yolosSizes(filled: Filled): ProcessorSizes {
  const { resize, centerCrop } = plainSizes(filled);
  if (typeof resize !== "object" || resize.kind !== "shortest_edge") return { resize, centerCrop };
  return { resize: { ...resize, multipleOf: { pixels: 16, direction: "down" } }, centerCrop };
}

/** The longer edge is at most 1333/800 of `size`. */
function viltSizes(filled: Filled): ProcessorSizes {
  const { config, edges, filter } = filled;
  const edge = edges?.shortest_edge;
  if (edge == null) return plainSizes(filled);
  return {
    resize: {
      kind: "shortest_edge",
      edgePixels: edge,
      maxEdgePixels: Math.trunc((1333 / 800) * edge),
      maxEdgeRounding: "half_up",
      multipleOf: { pixels: config.size_divisor || 32, direction: "down" },
      filter,
    },
    centerCrop: false,
  };
}

function glpnSizes({ config, filter }: Filled): ProcessorSizes {
  return { resize: { kind: "multiple", pixels: config.size_divisor || 32, filter }, centerCrop: false };
}

/** @see huggingface/transformers `models/dpt/image_processing_dpt.py` get_resize_output_image_size */
function dptSizes(filled: Filled): ProcessorSizes {
  const { config, edges, filter } = filled;
  const size = exactSize(edges);
  if (size === undefined) return plainSizes(filled);
  const multipleOf = config.ensure_multiple_of || 1;
  if (config.keep_aspect_ratio) {
    return { resize: { kind: "nearest", size, multipleOf, filter }, centerCrop: false };
  }
  const nearest = (edge: number) => Math.max(1, roundHalfEven(edge / multipleOf)) * multipleOf;
  const rounded = { height: nearest(size.height), width: nearest(size.width) };
  return { resize: { kind: "exact", size: rounded, filter }, centerCrop: false };
}

/** The crop comes first: of the shorter edge, the share that `size` is of `crop_size`. */
function perceiverSizes(filled: Filled): ProcessorSizes {
  const { config, edges, filter } = filled;
  const size = exactSize(edges);
  const crop = exactSize(namedEdges(config.crop_size, undefined));
  if (!config.do_center_crop || size === undefined || crop === undefined) return plainSizes(filled);
  const share = { height: size.height / crop.height, width: size.width / crop.width };
  if (share.height > 1 || share.width > 1) {
    return { resize: "a crop_size below size is not served", centerCrop: false };
  }
  return { resize: { kind: "share", share, size, filter }, centerCrop: false };
}
