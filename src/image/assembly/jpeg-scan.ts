import { findLongCode, huffmanTable, LOOKUP_BITS, signed } from "./jpeg-huffman";
import { inverseDct, inverseDctOfDc } from "./jpeg-idct";

/** A component's fields, by their offsets. */
const ACROSS: usize = 0;
const DOWN: usize = 4;
const DC_TABLE: usize = 8;
const AC_TABLE: usize = 12;
const QUANTISATION: usize = 16;
const PLANE: usize = 20;
const LINE: usize = 24;
const LAST_DC: usize = 28;
const COMPONENT_BYTES: usize = 32;
const COMPONENTS: usize = memory.data(3 * 32, 16);

/**
 * Describes a component: its blocks across and down in an MCU, its tables (0 or 1; 64 16-bit numbers in natural order),
 * and where its samples go. Its plane is a whole number of MCUs.
 */
export function setComponent(
  index: i32,
  across: i32,
  down: i32,
  dcTable: i32,
  acTable: i32,
  quantisation: usize,
  plane: usize,
  line: usize,
): void {
  const component = COMPONENTS + <usize>index * COMPONENT_BYTES;
  store<i32>(component, across, ACROSS);
  store<i32>(component, down, DOWN);
  store<usize>(component, huffmanTable(dcTable), DC_TABLE);
  store<usize>(component, huffmanTable(2 + acTable), AC_TABLE);
  store<usize>(component, quantisation, QUANTISATION);
  store<usize>(component, plane, PLANE);
  store<usize>(component, line, LINE);
  store<i32>(component, 0, LAST_DC);
}

/** Where `unstuff` stopped reading: at a marker, or at the end. */
let stoppedAt: usize = 0;

export function unstuffedFrom(): usize {
  return stoppedAt;
}

/**
 * Copies an entropy-coded segment without the zeros that follow its FF bytes, up to the next marker, and sixteen zeros.
 * Returns the number of bytes.
 */
export function unstuff(source: usize, end: usize, target: usize): usize {
  const start = target;
  const marks = i8x16.splat(-1);
  while (source < end) {
    if (source + 16 <= end) {
      const bytes = v128.load(source);
      v128.store(target, bytes);
      const found = i8x16.bitmask(i8x16.eq(bytes, marks));
      const plain: usize = found === 0 ? 16 : <usize>ctz(found);
      source += plain;
      target += plain;
      if (found === 0) continue;
    }
    const byte = load<u8>(source);
    if (byte === 0xff) {
      if (source + 1 >= end || load<u8>(source, 1) !== 0) break;
      source += 1;
    }
    source += 1;
    store<u8>(target, byte);
    target += 1;
  }
  stoppedAt = source;
  v128.store(target, i8x16.splat(0));
  return target - start;
}

/** The bits that come next, from the highest on; how many of them are sound; what is read after them. */
let bits: u64 = 0;
let count: i32 = 0;
let next: usize = 0;

/**
 * Decodes the one scan of a baseline JPEG into its components' planes.
 * Returns whether every code was one, and the segment's bits were used up but for less than a byte.
 */
export function decodeScan(
  segment: usize,
  bytes: usize,
  mcusAcross: i32,
  mcusDown: i32,
  components: i32,
): bool {
  bits = 0;
  count = 0;
  next = segment;
  // A scan that was given up leaves some.
  memory.fill(COEFFICIENTS, 0, 128);
  const end = segment + bytes;
  const pastComponents = COMPONENTS + <usize>components * COMPONENT_BYTES;
  for (let row = 0; row < mcusDown; row++) {
    for (let column = 0; column < mcusAcross; column++) {
      for (let component = COMPONENTS; component < pastComponents; component += COMPONENT_BYTES) {
        if (!decodeMcu(component, row, column)) return false;
      }
    }
    // The zeros behind the segment are sound codes in some tables.
    if (next > end + 8) return false;
  }
  const left = ((<i32>(end - next)) << 3) + count;
  return left >= 0 && left < 8;
}

function decodeMcu(component: usize, row: i32, column: i32): bool {
  const across = load<i32>(component, ACROSS);
  const down = load<i32>(component, DOWN);
  const line = load<usize>(component, LINE);
  let target =
    load<usize>(component, PLANE) + <usize>(row * down) * (line << 3) + ((<usize>(column * across)) << 3);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      if (!decodeBlock(component, target + ((<usize>x) << 3), line)) return false;
    }
    target += line << 3;
  }
  return true;
}

/** The coefficients of the block in work, 16-bit, in natural order; zero between blocks. */
const COEFFICIENTS: usize = memory.data(128, 16);

/** Where the stream's coefficients stand in a block. */
const NATURAL: usize = memory.data<u8>([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
]);

/**
 * Decodes one block of 8 x 8 samples (T.81, F.2.2). Returns false at what is no code, runs past the block, or is too
 * large.
 */
function decodeBlock(component: usize, target: usize, line: usize): bool {
  refill();
  const dcTable = load<usize>(component, DC_TABLE);
  let entry = load<u32>(dcTable + ((<usize>(bits >> (64 - LOOKUP_BITS))) << 2));
  if (entry === 0) {
    entry = findLongCode(dcTable, <i32>(bits >> 48), false);
    if (entry === 0) return false;
  }
  consume(entry & 63);
  const dc = load<i32>(component, LAST_DC) + readValue(entry);
  store<i32>(component, dc, LAST_DC);
  const acTable = load<usize>(component, AC_TABLE);
  let k: u32 = 1;
  let isFlat = true;
  while (k < 64) {
    refill();
    entry = load<u32>(acTable + ((<usize>(bits >> (64 - LOOKUP_BITS))) << 2));
    if (entry === 0) {
      entry = findLongCode(acTable, <i32>(bits >> 48), true);
      if (entry === 0) return false;
    }
    consume(entry & 63);
    const value = readValue(entry);
    const run = (entry >> 6) & 15;
    if (value === 0) {
      // The end of the block, or sixteen zeros.
      if (run === 0) break;
      if (run !== 15) return false;
      k += 16;
      continue;
    }
    k += run;
    if (k > 63) return false;
    store<i16>(COEFFICIENTS + ((<usize>load<u8>(NATURAL + k)) << 1), <i16>value);
    isFlat = false;
    k += 1;
  }
  const quantisation = load<usize>(component, QUANTISATION);
  if (isFlat) return inverseDctOfDc(<i16>dc, load<u16>(quantisation), target, line);
  store<i16>(COEFFICIENTS, <i16>dc);
  return inverseDct(COEFFICIENTS, quantisation, target, line);
}

/** Returns the coefficient of an entry, reading its bits where the prefix did not hold them. */
function readValue(entry: u32): i32 {
  const size = (entry >> 10) & 15;
  if (size === 0) return <i32>entry >> 16;
  const value = signed(<i32>(bits >> (64 - size)), size);
  consume(size);
  return value;
}

/** Makes at least 56 bits sound, enough for a code and its value. Fabian Giesen's branchless refill. */
function refill(): void {
  const eight = v128.load64_zero(next);
  const reversed = i8x16.swizzle(eight, v128(7, 6, 5, 4, 3, 2, 1, 0, -1, -1, -1, -1, -1, -1, -1, -1));
  bits |= <u64>i64x2.extract_lane(reversed, 0) >> count;
  next += (63 - count) >> 3;
  count |= 56;
}

function consume(used: u32): void {
  bits <<= used;
  count -= used;
}
