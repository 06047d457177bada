import type { Size } from "./raster.ts";

/** All that precedes the one scan of a baseline JPEG. */
export interface BaselineJpeg extends Size {
  /** How many luma samples there are for one of chroma, across and down; 1 for grey. */
  readonly across: number;
  readonly down: number;
  /** Grey, or Y, Cb and Cr. */
  readonly components: readonly JpegComponent[];
  /** DC tables have index 0 and 1, AC tables 2 and 3. `offset` is that of the counts of their codes. */
  readonly huffmanTables: readonly { readonly index: number; readonly offset: number }[];
  /** Where the entropy-coded data begin. */
  readonly scanOffset: number;
}

interface JpegComponent {
  readonly dcTable: number;
  readonly acTable: number;
  /** 64 steps in natural order. */
  readonly quantisation: Uint16Array;
}

const SOI = 0xffd8;
const SOF0 = 0xc0;
const DHT = 0xc4;
const SOS = 0xda;
const DQT = 0xdb;
const APP0 = 0xe0;
const APP14 = 0xee;
const APP15 = 0xef;
const COM = 0xfe;

/** More segments than this is odd. */
const MAX_SEGMENTS = 256;

/**
 * Reads the segments before the scan. Undefined for whatever is not the plainest form of a baseline JPEG, from a
 * restart interval to a byte out of place.
 *
 * @see ITU-T T.81, annex B; libjpeg-turbo `jdapimin.c` default_decompress_parms (which images are YCbCr)
 */
export function readBaselineJpeg(bytes: Uint8Array): BaselineJpeg | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reading: Reading = { view, quantisations: [], huffmanTables: [], isJfif: false };
  try {
    if (view.getUint16(0) !== SOI) return undefined;
    let at = 2;
    for (let i = 0; i < MAX_SEGMENTS; i++) {
      if (view.getUint8(at) !== 0xff) return undefined;
      const marker = view.getUint8(at + 1);
      const start = at + 4;
      at += 2 + view.getUint16(at + 2);
      if (marker === SOS) return readScan(reading, start, at);
      if (at < start || !readSegment(reading, marker, start, at)) return undefined;
    }
  } catch (thrown) {
    // The data end within a segment.
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  return undefined;
}

interface Reading {
  readonly view: DataView;
  readonly quantisations: (Uint16Array | undefined)[];
  readonly huffmanTables: { readonly index: number; readonly offset: number }[];
  isJfif: boolean;
  adobeTransform?: number;
  frame?: Frame | undefined;
}

interface Frame extends Size {
  readonly across: number;
  readonly down: number;
  readonly components: readonly { readonly id: number; readonly quantisation: number }[];
}

/** Returns whether the segment is one of those that are understood, or that mean nothing. */
function readSegment(reading: Reading, marker: number, start: number, end: number): boolean {
  const { view } = reading;
  switch (marker) {
    case SOF0:
      if (reading.frame !== undefined) return false;
      reading.frame = readFrame(view, start, end);
      return reading.frame !== undefined;
    case DHT:
      return readHuffmanTables(reading, start, end);
    case DQT:
      return readQuantisations(reading, start, end);
    case APP0:
      reading.isJfif ||=
        end - start >= 14 && view.getUint32(start) === 0x4a464946 && view.getUint8(start + 4) === 0;
      return true;
    case APP14:
      if (end - start >= 12 && view.getUint32(start) === 0x41646f62 && view.getUint8(start + 4) === 0x65) {
        reading.adobeTransform = view.getUint8(start + 11);
      }
      return true;
    default:
      return marker === COM || (marker > APP0 && marker <= APP15);
  }
}

function readFrame(view: DataView, start: number, end: number): Frame | undefined {
  const [height, width] = [view.getUint16(start + 1), view.getUint16(start + 3)];
  const count = view.getUint8(start + 5);
  if (view.getUint8(start) !== 8 || height === 0 || width === 0) return undefined;
  if ((count !== 1 && count !== 3) || end !== start + 6 + 3 * count) return undefined;
  const fields = Array.from({ length: count }, (_, i) => ({
    id: view.getUint8(start + 6 + 3 * i),
    sampling: view.getUint8(start + 7 + 3 * i),
    quantisation: view.getUint8(start + 8 + 3 * i),
  }));
  if (fields.some(({ sampling }) => ![sampling >> 4, sampling & 15].every((n) => n >= 1 && n <= 4)))
    return undefined;
  // A single component has a block to an MCU, whatever its sampling.
  if (count === 1) return { height, width, across: 1, down: 1, components: fields };
  const [luma = 0, blue, red] = fields.map(({ sampling }) => sampling);
  const [across, down] = [luma >> 4, luma & 15];
  if (blue !== 0x11 || red !== 0x11 || ![0x11, 0x21, 0x22].includes(luma)) return undefined;
  // libjpeg widens chroma of one or two columns in another way.
  if (across === 2 && width <= 4) return undefined;
  return { height, width, across, down, components: fields };
}

function readHuffmanTables({ view, huffmanTables }: Reading, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const name = view.getUint8(at);
    if (name & 0xee) return false;
    const offset = at + 1;
    let symbols = 0;
    for (let i = 0; i < 16; i++) symbols += view.getUint8(offset + i);
    at = offset + 16 + symbols;
    if (symbols > 256 || at > end) return false;
    const isAc = name >= 0x10;
    for (let i = offset + 16; !isAc && i < at; i++) if (view.getUint8(i) > 11) return false;
    huffmanTables.push({ index: (isAc ? 2 : 0) + (name & 1), offset });
  }
  return at === end;
}

function readQuantisations({ view, quantisations }: Reading, start: number, end: number): boolean {
  let at = start;
  for (; at < end; at += 65) {
    const name = view.getUint8(at);
    if (name > 3 || at + 65 > end) return false;
    const table = new Uint16Array(64);
    NATURAL_ORDER.forEach((place, i) => {
      table[place] = view.getUint8(at + 1 + i);
    });
    quantisations[name] = table;
  }
  return at === end;
}

function readScan(reading: Reading, start: number, end: number): BaselineJpeg | undefined {
  const { view, frame, quantisations, huffmanTables } = reading;
  if (frame === undefined || !isGreyOrYcc(reading, frame)) return undefined;
  const { height, width, across, down } = frame;
  const count = frame.components.length;
  // One scan of all components, all coefficients, all bits.
  if (view.getUint8(start) !== count || end !== start + 4 + 2 * count) return undefined;
  const selection = [0, 1, 2].map((i) => view.getUint8(end - 3 + i)).join();
  if (selection !== "0,63,0") return undefined;
  const components: JpegComponent[] = [];
  for (const [i, { id, quantisation: number }] of frame.components.entries()) {
    const tables = view.getUint8(start + 2 + 2 * i);
    const quantisation = quantisations[number];
    if (view.getUint8(start + 1 + 2 * i) !== id || quantisation === undefined || tables & 0xee)
      return undefined;
    const [dcTable, acTable] = [tables >> 4, tables & 1];
    const areThere = [dcTable, 2 + acTable].every((index) =>
      huffmanTables.some((table) => table.index === index),
    );
    if (!areThere) return undefined;
    components.push({ dcTable, acTable, quantisation });
  }
  return { height, width, across, down, components, huffmanTables, scanOffset: end };
}

function isGreyOrYcc({ isJfif, adobeTransform }: Reading, { components }: Frame): boolean {
  if (components.length === 1 || isJfif) return true;
  if (adobeTransform !== undefined) return adobeTransform === 1;
  return components.map(({ id }) => id).join() === "1,2,3";
}

/** Where the coefficients that the tables list in zigzag order stand in a block (T.81, figure A.6). */
const NATURAL_ORDER = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
];
