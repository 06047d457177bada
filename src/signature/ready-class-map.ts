import { ServingError } from "../errors.ts";
import { formatShape, type Tensor } from "../tensor/tensor.ts";
import { type AxisSamples, sampleSource } from "./axis-samples.ts";
import { allocateClasses, classMapDType, UNSEEN } from "./class-map.ts";
import type { RowOrigin } from "./row-origin.ts";
import { toNumbers } from "./scores.ts";

/**
 * Returns a map of classes that the model itself took the best of. A number that the type does not hold is
 * one that no class has: 255, or 65535 in uint16.
 *
 * Shapes: integers `[h, w]`, `[1, h, w]` or `[h, w, 1]` → `[h, w]`; uint8, or uint16 from 256 classes on.
 *
 * @throws {ServingError} INTERNAL when it has another shape.
 */
export function readClassMap(output: Tensor, classes: number): Tensor {
  const { length } = output.shape;
  const single = length === 3 ? [0, 2].find((axis) => output.shape[axis] === 1) : undefined;
  const shape = output.shape.filter((_, axis) => axis !== single);
  if (shape.length !== 2) {
    throw new ServingError(
      "INTERNAL",
      `expected classes [H, W], got ${formatShape(output.shape)}; this is a bug`,
    );
  }
  const dtype = classMapDType(classes);
  const numbers = toNumbers(output);
  const data = allocateClasses(dtype, numbers.length);
  const unseen = UNSEEN[dtype];
  for (let i = 0; i < numbers.length; i++) {
    const index = numbers[i] as number;
    data[i] = index >= 0 && index < unseen ? index : unseen;
  }
  return { dtype, shape, data };
}

/**
 * Returns the class of every pixel of the source image: that of the nearest place on the map. Pixels that a crop
 * cut off are 255, or 65535 in uint16.
 *
 * Shapes: `[h, w]` → `[source height, source width]`, of the same type.
 */
export function toSourceClasses(map: Tensor, origin: RowOrigin): Tensor {
  const { height, width } = origin.source;
  const [mapHeight = 0, mapWidth = 0] = map.shape;
  const { rows, columns } = sampleSource({ height: mapHeight, width: mapWidth }, origin);
  const source = map.data as Uint8Array | Uint16Array;
  const dtype = source instanceof Uint8Array ? "uint8" : "uint16";
  const mask = allocateClasses(dtype, height * width);
  mask.fill(UNSEEN[dtype]);
  for (let y = rows.start; y < rows.end; y++) {
    const line = nearest(rows, y) * mapWidth;
    for (let x = columns.start; x < columns.end; x++) {
      mask[y * width + x] = source[line + nearest(columns, x)] as number;
    }
  }
  return { dtype, shape: [height, width], data: mask };
}

function nearest({ low, high, weight }: AxisSamples, pixel: number): number {
  return (weight[pixel] as number) >= 0.5 ? (high[pixel] as number) : (low[pixel] as number);
}
