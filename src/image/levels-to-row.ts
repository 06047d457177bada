import { allocateIn, type RowSlot } from "../tensor/row-slots.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { type Kernels, withKernels } from "./kernels.ts";
import { type PixelTable, pixelTables } from "./pixel-table.ts";
import type { PreprocessSpec } from "./preprocess-spec.ts";
import type { Raster, Size } from "./raster.ts";
import type { RowPixels } from "./row-pixels.ts";

/** Where the levels of one channel of a row come from. */
export interface LevelSource {
  readonly from: RowPixels<Uint8Array>;
  /** Of the pixels' own channels, in their order. */
  readonly channel: number;
}

/**
 * Returns a row whose channels are these levels, normalised; around them it is zero.
 *
 * Shapes: n channels → `[n, height, width]`, or `[height, width, n]` for layout HWC.
 * Order: that of the row.
 *
 * @param slot where to write it, if it is as long
 */
export function levelsToRow(
  sources: readonly LevelSource[],
  spec: Pick<PreprocessSpec, "layout" | "dtype" | "rescaleFactor" | "rescaleOffset" | "mean" | "std">,
  { height, width }: Size,
  slot?: RowSlot,
): Tensor {
  const { layout, dtype } = spec;
  const channels = sources.length;
  const shape = layout === "CHW" ? [channels, height, width] : [height, width, channels];
  const data = allocateIn(slot, dtype, elementCount(shape)) as PixelTable;
  const tables = pixelTables(spec);
  withKernels((kernels) => {
    const run = kernels.run[LOOK_UP[dtype]];
    const itemBytes = data.BYTES_PER_ELEMENT;
    const pixelBytes = layout === "CHW" ? itemBytes : itemBytes * channels;
    const lineBytes = width * pixelBytes;
    const channelBytes = layout === "CHW" ? height * lineBytes : itemBytes;
    const rowAt = kernels.allocate(data.byteLength);
    if (sources.some(({ from }) => !isWhole(from, { height, width }))) {
      kernels.bytes.fill(0, rowAt, rowAt + data.byteLength);
    }
    const placed = new Map<Raster, number>();
    sources.forEach(({ from: { pixels, top, left }, channel }, index) => {
      const source = placed.get(pixels) ?? kernels.place(pixels.data);
      placed.set(pixels, source);
      const line = pixels.width * pixels.channels;
      const target = rowAt + index * channelBytes + top * lineBytes + left * pixelBytes;
      const table = kernels.place(tables[index] as PixelTable);
      const { height: lines, width: columns } = pixels;
      run(source + channel, pixels.channels, line, target, pixelBytes, lineBytes, lines, columns, table);
    });
    copyOut(kernels, rowAt, data);
  });
  return { dtype, shape, data };
}

const LOOK_UP = { float32: "lookUp32", float16: "lookUp16", uint8: "lookUp8" } as const;

function isWhole({ pixels, top, left }: RowPixels<Uint8Array>, row: Size): boolean {
  return top === 0 && left === 0 && pixels.height === row.height && pixels.width === row.width;
}

function copyOut(kernels: Kernels, at: number, data: PixelTable): void {
  const target = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  target.set(kernels.bytes.subarray(at, at + data.byteLength));
}
