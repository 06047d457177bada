import { ServingError } from "../errors.ts";
import type { PixelBox } from "../image/pixel-edit.ts";
import type { Size } from "../image/raster.ts";
import { roundHalfEven } from "../image/round-half-even.ts";
import type { ImagePool } from "../image-workers/image-pool.ts";
import type { EncodedImage } from "../image-workers/image-task.ts";
import type { StepJson } from "../model/composition-json.ts";
import { toNumbers } from "../signature/scores.ts";
import { runTensorStep, type TensorStep } from "../signature/tensor-step.ts";
import { isTensor, type Tensor } from "../tensor/tensor.ts";
import type { FoundBox, FoundBoxes, PortValue } from "./node-value.ts";

/** Returns what a step makes of one value; `crop` is for {@link cropBoxes}, since it makes many. */
export async function runStep(
  step: Exclude<StepJson, { readonly step: "crop" }>,
  given: PortValue,
  imagePool: Pick<ImagePool, "tensorStep">,
): Promise<PortValue> {
  switch (step.step) {
    case "resize": {
      const { height, width, filter = "bilinear" } = step;
      const edit = { kind: "resize", size: { height, width }, filter } as const;
      return { kind: "image", image: withEdit(requireKind(given, "image").image, edit) };
    }
    case "threshold":
      if (given.kind === "boxes") return { ...given, boxes: keepBoxes(given.boxes, step) };
      return onTensor({ kind: "threshold", atLeast: step.at_least }, given, imagePool);
    case "argmax":
      return onTensor({ kind: "argmax", axis: step.axis ?? 0 }, given, imagePool);
  }
}

/** Returns the images of all boxes, cut from the image in which they were found, in their order. */
export function cropBoxes({ boxes, image, size }: FoundBoxes, margin: number): EncodedImage[] {
  return boxes.map(({ box }) => withEdit(image, { kind: "crop", box: toPixelBox(box, size, margin) }));
}

/**
 * Returns the whole pixels of a box as Pillow's `Image.crop` rounds its edges, half to even; at least one pixel.
 *
 * @param margin what is added on each side, as a share of the box's edge; nothing beyond the image
 */
export function toPixelBox(box: Tensor, size: Size, margin: number): PixelBox {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = Array.from(toNumbers(box));
  const [left, width] = toSpan(x1, x2, size.width, margin);
  const [top, height] = toSpan(y1, y2, size.height, margin);
  return { top, left, height, width };
}

function toSpan(from: number, to: number, limit: number, margin: number): [start: number, length: number] {
  const more = (to - from) * margin;
  const start = Math.min(roundHalfEven(Math.max(0, from - more)), limit - 1);
  const end = Math.min(roundHalfEven(Math.min(limit, to + more)), limit);
  return [start, Math.max(1, end - start)];
}

function withEdit(image: EncodedImage, edit: NonNullable<EncodedImage["edits"]>[number]): EncodedImage {
  return { ...image, edits: [...(image.edits ?? []), edit] };
}

function keepBoxes(
  boxes: readonly FoundBox[],
  { at_least, labels }: Extract<StepJson, { readonly step: "threshold" }>,
): FoundBox[] {
  const bound = Math.fround(at_least);
  return boxes.filter(
    ({ score, label }) =>
      (toNumbers(score)[0] ?? 0) >= bound && (labels === undefined || labels.includes(label)),
  );
}

/** More elements than this would hold up the event loop for a millisecond. */
const HEAVY_ELEMENTS = 50_000;

async function onTensor(
  step: TensorStep,
  given: PortValue,
  imagePool: Pick<ImagePool, "tensorStep">,
): Promise<PortValue> {
  const { value } = requireKind(given, "value");
  if (!isTensor(value)) throw new ServingError("INTERNAL", "a step got no tensor; this is a bug");
  const isHeavy = value.data.length > HEAVY_ELEMENTS;
  return {
    kind: "value",
    value: isHeavy ? await imagePool.tensorStep(step, value) : runTensorStep(step, value),
  };
}

/** @throws {ServingError} INTERNAL when it is of another kind, which the start has ruled out. */
export function requireKind<Kind extends PortValue["kind"]>(
  value: PortValue,
  kind: Kind,
): Extract<PortValue, { readonly kind: Kind }> {
  if (value.kind === kind) return value as Extract<PortValue, { readonly kind: Kind }>;
  throw new ServingError("INTERNAL", `a port gave ${value.kind}, expected ${kind}; this is a bug`);
}
