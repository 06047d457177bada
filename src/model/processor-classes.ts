import type { ProcessorConfig } from "./processor-config.ts";

const BILINEAR = 2;
const BICUBIC = 3;
const STANDARD = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const IMAGENET = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const OPENAI_CLIP = {
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};

const square = (edge: number) => ({ height: edge, width: edge });
const shortest = (edge: number) => ({ shortest_edge: edge });
const crop = (edge: number) => ({ do_center_crop: true, crop_size: square(edge) });

const CLIP = { size: shortest(224), resample: BICUBIC, ...crop(224), ...OPENAI_CLIP };
const DETR = {
  size: { shortest_edge: 800, longest_edge: 1333 },
  resample: BILINEAR,
  do_pad: true,
  ...IMAGENET,
};
const MASKFORMER = { size: DETR.size, resample: BILINEAR, size_divisor: 32, ...IMAGENET };
const MOBILENET = { size: shortest(256), resample: BILINEAR, ...crop(224), ...STANDARD };
const DEIT = { size: square(256), resample: BICUBIC, ...crop(224), ...STANDARD };
const IMAGENET_CROP = { resample: BICUBIC, ...crop(224), ...IMAGENET };

/** What a class takes where its file is silent; a class without normalisation says so. */
const DEFAULTS: Readonly<Record<string, ProcessorConfig>> = {
  Beit: DEIT,
  Bit: CLIP,
  Blip: { size: square(384), resample: BICUBIC, ...OPENAI_CLIP },
  ChineseCLIP: CLIP,
  CLIP,
  ConditionalDetr: DETR,
  ConvNext: { size: shortest(384), crop_pct: 0.875, resample: BILINEAR, ...STANDARD },
  DeformableDetr: DETR,
  DeiT: DEIT,
  Detr: DETR,
  DPT: { size: square(384), resample: BICUBIC, ensure_multiple_of: 1, ...STANDARD },
  EfficientFormer: { size: square(224), ...IMAGENET_CROP },
  EfficientNet: {
    size: square(346),
    resample: 0,
    crop_size: square(289),
    include_top: true,
    ...STANDARD,
  },
  Flava: { size: square(224), resample: BICUBIC, ...crop(224), ...OPENAI_CLIP },
  GLPN: { size_divisor: 32, resample: BILINEAR, do_normalize: false },
  GroundingDino: DETR,
  Levit: { size: shortest(224), ...IMAGENET_CROP },
  Mask2Former: MASKFORMER,
  MaskFormer: MASKFORMER,
  MobileNetV1: MOBILENET,
  MobileNetV2: MOBILENET,
  MobileViT: {
    size: shortest(224),
    resample: BILINEAR,
    ...crop(256),
    do_normalize: false,
    do_flip_channel_order: true,
  },
  OneFormer: { size: DETR.size, resample: BILINEAR, ...IMAGENET },
  OwlViT: { size: square(768), resample: BICUBIC, crop_size: square(768), ...OPENAI_CLIP },
  Perceiver: { size: square(224), ...IMAGENET_CROP, crop_size: square(256) },
  PoolFormer: { size: shortest(224), crop_pct: 0.9, ...IMAGENET_CROP },
  Pvt: { size: square(224), resample: BILINEAR, ...IMAGENET },
  RTDetr: { size: square(640), resample: BILINEAR, do_normalize: false, ...IMAGENET },
  Sam: {
    size: { longest_edge: 1024 },
    resample: BILINEAR,
    do_pad: true,
    pad_size: square(1024),
    ...IMAGENET,
  },
  Segformer: { size: square(512), resample: BILINEAR, ...IMAGENET },
  SegGpt: { size: square(448), resample: BICUBIC, ...IMAGENET },
  Siglip: { size: square(224), resample: BICUBIC, ...STANDARD },
  Swin2SR: { do_resize: false, do_normalize: false, do_pad: true, size_divisor: 8 },
  Vilt: { size: shortest(384), size_divisor: 32, resample: BICUBIC, ...STANDARD },
  ViT: { size: square(224), resample: BILINEAR, ...STANDARD },
  ViTHybrid: CLIP,
  Yolos: DETR,
};

const PATCHES = "cuts an image into patches";
const VIDEO = "takes frames of a video";

/** What a class does that no keys of this server's say. */
const REFUSED: Readonly<Record<string, string>> = {
  Donut: "turns and shrinks an image and pads around it",
  Fuyu: PATCHES,
  Idefics2: PATCHES,
  Idefics3: PATCHES,
  ImageGPT: "turns pixels into numbers of colour clusters",
  LlavaNext: PATCHES,
  LlavaOnevision: PATCHES,
  Mllama: PATCHES,
  Nougat: "cuts margins off, shrinks an image and pads around it",
  Owlv2: "pads and resizes with SciPy's filters",
  Pix2Struct: PATCHES,
  Pixtral: PATCHES,
  Qwen2VL: PATCHES,
  Siglip2: PATCHES,
  Tvp: VIDEO,
  VideoMAE: VIDEO,
  VitMatte: "takes a second image, the trimap",
  Vivit: VIDEO,
  ZoeDepth: "resizes with aligned corners",
};

/** What is known of the class that a file names. */
export interface ProcessorClass {
  /** Without `ImageProcessor`, `FeatureExtractor` and what stands behind; empty where the file names none. */
  readonly name: string;
  /** Undefined where the class is not known. */
  readonly defaults: ProcessorConfig | undefined;
  /** What it does that is not served. */
  readonly refused?: string;
}

/**
 * Returns what is known of a file's class. The defaults are those of transformers 4.45.2, as the files that leave
 * keys out are old; a test compares them.
 *
 * @see huggingface/transformers `models/<name>/image_processing_<name>.py`
 */
export function processorClass(stated: ProcessorConfig): ProcessorClass {
  const type = stated.image_processor_type ?? stated.feature_extractor_type ?? "";
  const name = type.replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, "");
  const known = (table: Readonly<Record<string, unknown>>) => Object.hasOwn(table, name);
  return {
    name,
    defaults: known(DEFAULTS) ? DEFAULTS[name] : undefined,
    ...(known(REFUSED) ? { refused: `${type} ${REFUSED[name]}` } : {}),
  };
}
