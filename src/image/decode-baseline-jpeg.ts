import { type BaselineJpeg, readBaselineJpeg } from "./baseline-jpeg-header.ts";
import { type Kernels, withKernels } from "./kernels.ts";
import type { Raster } from "./raster.ts";

/** Returns memory of that many bytes, of any content. */
export type AllocateBytes = (length: number) => Uint8Array;

/** 2^24 pixels take some 100 MB; what is larger is left to a decoder that works line by line. */
const MAX_PIXELS = 2 ** 24;

/**
 * Returns the pixels of the most usual kind of JPEG, at a fraction of the general decoder's cost: baseline, one scan,
 * grey or YCbCr with chroma of full size, half the width, or half both. The arithmetic is that of libjpeg-turbo with
 * the slow integer DCT and "fancy" upsampling, so the pixels are the same. Undefined for any other JPEG, and for one
 * with the least flaw: another decoder must judge it.
 *
 * Shapes: `[height, width, 3]`.
 *
 * @see ITU-T T.81; libjpeg-turbo `jdhuff.c`, `jidctint.c`, `jdsample.c`, `jdcolor.c`
 */
export function decodeBaselineJpeg(
  bytes: Uint8Array,
  allocate: AllocateBytes = (length) => new Uint8Array(length),
): Raster | undefined {
  const jpeg = readBaselineJpeg(bytes);
  if (jpeg === undefined || jpeg.height * jpeg.width > MAX_PIXELS) return undefined;
  return withKernels((kernels) => decode(bytes, jpeg, kernels, allocate));
}

function decode(
  bytes: Uint8Array,
  jpeg: BaselineJpeg,
  kernels: Kernels,
  allocate: AllocateBytes,
): Raster | undefined {
  const { height, width, across, down } = jpeg;
  const { run } = kernels;
  const source = kernels.place(bytes);
  for (const { index, offset } of jpeg.huffmanTables) {
    if (!run.buildHuffmanTable(index, source + offset)) return undefined;
  }
  const mcusAcross = Math.ceil(width / (8 * across));
  const mcusDown = Math.ceil(height / (8 * down));
  const planes = jpeg.components.map(({ dcTable, acTable, quantisation }, index) => {
    const [blocksAcross, blocksDown] = index === 0 ? [across, down] : [1, 1];
    const line = mcusAcross * blocksAcross * 8;
    const at = kernels.allocate(line * mcusDown * blocksDown * 8);
    const table = kernels.place(quantisation);
    run.setComponent(index, blocksAcross, blocksDown, dcTable, acTable, table, at, line);
    return { at, line };
  });
  const [luma, blue, red] = planes;
  const segment = kernels.allocate(bytes.length);
  const scratch = kernels.allocate(4 * width + 256);
  const length = height * width * 3;
  const target = kernels.allocate(length);
  const segmentBytes = run.unstuff(source + jpeg.scanOffset, source + bytes.length, segment);
  if (!endsAt(bytes, run.unstuffedFrom() - source)) return undefined;
  if (!run.decodeScan(segment, segmentBytes, mcusAcross, mcusDown, planes.length)) return undefined;
  if (luma === undefined) return undefined;
  if (blue === undefined || red === undefined) run.greyToRgb(luma.at, luma.line, height, width, target);
  else {
    const { at, line } = luma;
    run.yccToRgb(at, line, blue.at, red.at, blue.line, across, down, height, width, scratch, target);
  }
  const data = allocate(length);
  data.set(kernels.bytes.subarray(target, target + length));
  return { height, width, channels: 3, data };
}

/** Whether the marker EOI stands here. */
function endsAt(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0xff && bytes[offset + 1] === 0xd9;
}
