import type { Size } from "../image/raster.ts";
import type { EncodedImage } from "../image-workers/image-task.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";

/** What a port gives for one image, or for one crop. */
export type PortValue =
  | { readonly kind: "image"; readonly image: EncodedImage }
  | ({ readonly kind: "boxes" } & FoundBoxes)
  /** A tensor is one, too. */
  | { readonly kind: "value"; readonly value: Value };

/** What a detector found, and where it looked. */
export interface FoundBoxes {
  readonly boxes: readonly FoundBox[];
  readonly image: EncodedImage;
  /** Of the image that it was shown. */
  readonly size: Size;
}

/** One element of the signature `boxes`. */
export interface FoundBox {
  readonly label: string;
  readonly class: number;
  readonly score: Tensor;
  /** Units: pixels of the image that the detector was shown, x1, y1, x2, y2. */
  readonly box: Tensor;
}

/** What a node gives by its ports' names; a step's only one is "". */
export type NodeResult = (port: string) => PortValue;

/** Returns what an answer shows of a port. */
export function toAnswer(port: PortValue): Value {
  if (port.kind === "boxes") return port.boxes as unknown as Value;
  return port.kind === "value" ? port.value : null;
}
