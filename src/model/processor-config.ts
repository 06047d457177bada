import { z } from "zod";

const pixels = z.int().min(1).max(65_535);
const edges = z.record(z.string(), pixels.nullable());
const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(4)]);
const multiple = z.int().min(0).max(65_535);

/** The keys of `preprocessor_config.json` that this server reads; a file may hold others. */
export const processorSchema = z.object({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().nullish(),
  /** Height and width, edges by name, or one number whose meaning is the class's. */
  size: z.union([pixels, z.tuple([pixels, pixels]), edges]).nullish(),
  /** The longer edge's limit, in old files of DETR's kind. */
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
  /** EfficientNet's: divide by the deviation once more. */
  include_top: z.boolean().nullish(),
  do_flip_channel_order: z.boolean().nullish(),
  do_pad: z.boolean().nullish(),
  pad_size: z.union([pixels, edges]).nullish(),
  size_divisor: multiple.nullish(),
  size_divisibility: multiple.nullish(),
});

export type ProcessorConfig = z.infer<typeof processorSchema>;
