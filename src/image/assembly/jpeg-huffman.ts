// Huffman codes of a JPEG. A prefix of LOOKUP_BITS bits finds most codes at once, and of short ones the bits of the
// coefficient's value too. Longer codes are found length by length (ITU-T T.81, figure F.16).
//
// A table: 2^LOOKUP_BITS entries of 32 bits; for each code length the first code past it, aligned to 16 bits, and what
// leads from a code to its symbol; the symbols.
//
// An entry: bits 0..5 the number of bits that it consumes, 6..9 the zeros before the coefficient, 10..13 the bits of the
// value that are still to be read, 16..31 the value where there are none. 0: no code, or one longer than the prefix.

export const LOOKUP_BITS: i32 = 10;
const LIMITS: usize = 4 << LOOKUP_BITS;
const OFFSETS: usize = LIMITS + 17 * 4;
const SYMBOLS: usize = OFFSETS + 17 * 4;
const TABLE_BYTES: usize = SYMBOLS + 256;

const TABLES: usize = memory.data(4 * ((4 << 10) + 2 * 17 * 4 + 256), 16);

/** Returns where a table is: 0 and 1 are for DC coefficients, 2 and 3 for AC. */
export function huffmanTable(index: i32): usize {
  return TABLES + <usize>index * TABLE_BYTES;
}

/**
 * Makes a table of a DHT segment's part at `segment`: the number of codes of each length 1..16, then their symbols.
 * Returns whether the lengths make a code (T.81, annex C); no code may be all ones.
 */
export function buildHuffmanTable(index: i32, segment: usize): bool {
  const table = huffmanTable(index);
  const isAc = index >= 2;
  memory.fill(table, 0, LIMITS);
  let code: i32 = 0;
  let symbols: i32 = 0;
  for (let length: i32 = 1; length <= 16; length++) {
    const count = <i32>load<u8>(segment + length - 1);
    if (count > 0 && code + count >= 1 << length) return false;
    store<i32>(table + ((<usize>length) << 2), symbols - code, OFFSETS);
    for (let i = 0; i < count; i++, code++, symbols++) {
      const symbol = <i32>load<u8>(segment + 16 + symbols);
      store<u8>(table + symbols, <u8>symbol, SYMBOLS);
      if (length <= LOOKUP_BITS) fillPrefixes(table, code, length, symbol, isAc);
    }
    store<i32>(table + ((<usize>length) << 2), code << (16 - length), LIMITS);
    code <<= 1;
  }
  return true;
}

/** Writes the entries of all prefixes that begin with a code. */
function fillPrefixes(table: usize, code: i32, length: i32, symbol: i32, isAc: bool): void {
  const free = LOOKUP_BITS - length;
  const first = code << free;
  for (let rest = 0; rest < 1 << free; rest++) {
    const at = table + ((<usize>(first + rest)) << 2);
    const size = isAc ? symbol & 15 : symbol & 31;
    if (size === 0 || size > free) store<u32>(at, entryOf(symbol, length, isAc));
    else {
      const value = signed(rest >> (free - size), size);
      store<u32>(at, ((<u32>value) << 16) | ((isAc ? symbol >> 4 : 0) << 6) | (length + size));
    }
  }
}

/** Returns the entry of a code whose value is still to be read. */
function entryOf(symbol: i32, length: i32, isAc: bool): u32 {
  return isAc ? ((symbol & 15) << 10) | ((symbol >> 4) << 6) | length : ((symbol & 15) << 10) | length;
}

/** Returns the entry of a code longer than the prefix, of which the next 16 bits are given; 0 where there is none. */
export function findLongCode(table: usize, next16: i32, isAc: bool): u32 {
  for (let length: i32 = LOOKUP_BITS + 1; length <= 16; length++) {
    if (next16 < load<i32>(table + ((<usize>length) << 2), LIMITS)) {
      const at = (next16 >> (16 - length)) + load<i32>(table + ((<usize>length) << 2), OFFSETS);
      return entryOf(<i32>load<u8>(table + at, SYMBOLS), length, isAc);
    }
  }
  return 0;
}

/** Makes the `size` bits of a coefficient a signed number (T.81, figure F.12, EXTEND). */
export function signed(bits: i32, size: i32): i32 {
  return bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
}
