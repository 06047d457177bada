import { z } from "zod";
import { MAX_BANDS } from "../image/preprocess-spec.ts";

/** Height and width, edges by name, or one number whose meaning is the class's. */
type StatedSize = number | readonly [height: number, width: number] | StatedEdges;

type StatedEdges = Readonly<Record<string, number | null>>;

/** The keys of `preprocessor_config.json` that this server reads. */
export interface ProcessorConfig {
  readonly image_processor_type?: string | undefined;
  readonly feature_extractor_type?: string | undefined;
  readonly do_resize?: boolean | null | undefined;
  readonly size?: StatedSize | null | undefined;
  /** The longer edge's limit, in old files of DETR's kind. */
  readonly max_size?: number | null | undefined;
  readonly crop_pct?: number | null | undefined;
  /** Pillow's number of a filter. */
  readonly resample?: number | null | undefined;
  readonly keep_aspect_ratio?: boolean | null | undefined;
  readonly ensure_multiple_of?: number | null | undefined;
  readonly do_center_crop?: boolean | null | undefined;
  readonly crop_size?: StatedSize | null | undefined;
  readonly do_rescale?: boolean | null | undefined;
  readonly rescale_factor?: number | null | undefined;
  readonly rescale_offset?: boolean | null | undefined;
  readonly do_normalize?: boolean | null | undefined;
  readonly image_mean?: number | readonly number[] | null | undefined;
  readonly image_std?: number | readonly number[] | null | undefined;
  readonly mean?: number | readonly number[] | null | undefined;
  readonly std?: number | readonly number[] | null | undefined;
  /** EfficientNet's: divide by the deviation once more. */
  readonly include_top?: boolean | null | undefined;
  readonly do_flip_channel_order?: boolean | null | undefined;
  readonly do_pad?: boolean | null | undefined;
  readonly pad_size?: number | StatedEdges | null | undefined;
  readonly size_divisor?: number | null | undefined;
  readonly size_divisibility?: number | null | undefined;
}

const pixels = z.int().min(1).max(65_535);
const edges = z.record(z.string(), pixels.nullable());
const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(MAX_BANDS)]);
/** 0 stands for no multiple. */
const multiple = z.int().min(0).max(65_535);

/** The schema of {@link ProcessorConfig}; a file may hold other keys. */
export const processorSchema: z.ZodType<ProcessorConfig> = z.object({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().nullish(),
  size: z.union([pixels, z.tuple([pixels, pixels]), edges]).nullish(),
  max_size: pixels.nullish(),
  crop_pct: z.number().positive().nullish(),
  resample: z.int().min(0).max(5).nullish(),
  keep_aspect_ratio: z.boolean().nullish(),
  ensure_multiple_of: multiple.nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: z.union([pixels, z.tuple([pixels, pixels]), edges]).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().nullish(),
  rescale_offset: z.boolean().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: perChannel.nullish(),
  image_std: perChannel.nullish(),
  mean: perChannel.nullish(),
  std: perChannel.nullish(),
  include_top: z.boolean().nullish(),
  do_flip_channel_order: z.boolean().nullish(),
  do_pad: z.boolean().nullish(),
  pad_size: z.union([pixels, edges]).nullish(),
  size_divisor: multiple.nullish(),
  size_divisibility: multiple.nullish(),
});
