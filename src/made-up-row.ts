import type { PreprocessSpec } from "./image/preprocess-spec.ts";
import { rowShape } from "./model/choose-preprocess.ts";
import type { ImageInput } from "./model/image-input.ts";
import type { SessionInfo } from "./runtime/session.ts";
import { allocate } from "./tensor/dtype.ts";
import { elementCount, type Tensor, type Tensors } from "./tensor/tensor.ts";

/** Sizes that the graph leaves open: 1 for plain tensors, a usual picture's for images. */
const OPEN_EDGE = 224;

/** Returns what makes a row of zeros for a model of plain tensors. */
export function plainRow({ inputs }: SessionInfo): () => Tensors {
  const rows = inputs.map(({ name, dtype, shape }) => {
    const rowShape = shape.slice(1).map((size) => (typeof size === "number" ? size : 1));
    return [name, { dtype, shape: rowShape }] as const;
  });
  return () => Object.fromEntries(rows.map(([name, row]) => [name, zeros(row)]));
}

/** Returns what makes a row of zeros in the place of an image. */
export function zeroImage(image: ImageInput, spec: PreprocessSpec): () => Tensors {
  const edges = [image.height ?? OPEN_EDGE, image.width ?? OPEN_EDGE];
  const channels = spec.mean.length;
  const shape = rowShape(spec) ?? (spec.layout === "CHW" ? [channels, ...edges] : [...edges, channels]);
  return () => ({ [image.name]: zeros({ dtype: image.dtype, shape }) });
}

function zeros({ dtype, shape }: Pick<Tensor, "dtype" | "shape">): Tensor {
  return { dtype, shape, data: allocate(dtype, elementCount(shape)) };
}
