// The two passes of Pillow's 8-bit resampler (src/libImaging/Resample.c), its 32-bit sums bit for bit. A weight with 22
// bits of fraction is cut in two, weight = high * 2^15 + low, so that the dot product of 16-bit lanes takes it exactly.
//
// Extents: for each target two 32-bit numbers, the first source that it reads and how many pairs of neighbours.
// Weights: for each target `stride` bytes; in them for each pair four 16-bit numbers, low0, low1, high0, high1. The
// second of the last pair may have weight zero: it must be readable, and adds nothing.

const PRECISION_BITS: i32 = 22;
const LOW_BITS: i32 = 15;
/** Half of the last bit kept, so that the shift rounds. */
const HALF: i32 = 1 << (PRECISION_BITS - 1);

/**
 * Resamples the width of pixels of three bytes, four lines at a time: both images have room for a whole number of
 * fours, and the target a byte past each line's end.
 */
export function resampleColumns3(
  source: usize,
  sourceLine: usize,
  target: usize,
  targetLine: usize,
  height: i32,
  width: i32,
  extents: usize,
  weights: usize,
  stride: usize,
): void {
  // r0 g0 b0 r1 g1 b1 as 16-bit numbers r0 r1 g0 g1 b0 b1 0 0.
  const spread = v128(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  for (let y = 0; y < height; y += 4) {
    let to = target;
    for (let x: usize = 0; x < <usize>width; x++) {
      let from = source + <usize>load<i32>(extents + (x << 3)) * 3;
      let weight = weights + x * stride;
      const end = weight + ((<usize>load<i32>(extents + (x << 3), 4)) << 3);
      let low0 = i32x4.splat(HALF);
      let low1 = low0;
      let low2 = low0;
      let low3 = low0;
      let high0 = i32x4.splat(0);
      let high1 = high0;
      let high2 = high0;
      let high3 = high0;
      do {
        const low = v128.load32_splat(weight);
        const high = v128.load32_splat(weight, 4);
        const two0 = i8x16.swizzle(v128.load64_zero(from), spread);
        const two1 = i8x16.swizzle(v128.load64_zero(from + sourceLine), spread);
        const two2 = i8x16.swizzle(v128.load64_zero(from + 2 * sourceLine), spread);
        const two3 = i8x16.swizzle(v128.load64_zero(from + 3 * sourceLine), spread);
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(two0, low));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(two1, low));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(two2, low));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(two3, low));
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(two0, high));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(two1, high));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(two2, high));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(two3, high));
        weight += 8;
        from += 6;
      } while (weight < end);
      const upper = i16x8.narrow_i32x4_s(rounded(low0, high0), rounded(low1, high1));
      const lower = i16x8.narrow_i32x4_s(rounded(low2, high2), rounded(low3, high3));
      const pixels = i8x16.narrow_i16x8_u(upper, lower);
      // The fourth byte is overwritten by the next pixel.
      v128.store32_lane(to, pixels, 0);
      v128.store32_lane(to + targetLine, pixels, 1);
      v128.store32_lane(to + 2 * targetLine, pixels, 2);
      v128.store32_lane(to + 3 * targetLine, pixels, 3);
      to += 3;
    }
    source += 4 * sourceLine;
    target += 4 * targetLine;
  }
}

/** The same for pixels of one byte. */
export function resampleColumns1(
  source: usize,
  sourceLine: usize,
  target: usize,
  targetLine: usize,
  height: i32,
  width: i32,
  extents: usize,
  weights: usize,
  stride: usize,
): void {
  for (let y = 0; y < height; y += 4) {
    for (let x: usize = 0; x < <usize>width; x++) {
      let from = source + <usize>load<i32>(extents + (x << 3));
      let weight = weights + x * stride;
      const end = weight + ((<usize>load<i32>(extents + (x << 3), 4)) << 3);
      let low = i32x4.splat(HALF);
      let high = i32x4.splat(0);
      do {
        // Two neighbours of each of the four lines.
        let bytes = i8x16.splat(0);
        bytes = v128.load16_lane(from, bytes, 0);
        bytes = v128.load16_lane(from + sourceLine, bytes, 1);
        bytes = v128.load16_lane(from + 2 * sourceLine, bytes, 2);
        bytes = v128.load16_lane(from + 3 * sourceLine, bytes, 3);
        const two = i16x8.extend_low_i8x16_u(bytes);
        low = i32x4.add(low, i32x4.dot_i16x8_s(two, v128.load32_splat(weight)));
        high = i32x4.add(high, i32x4.dot_i16x8_s(two, v128.load32_splat(weight, 4)));
        weight += 8;
        from += 2;
      } while (weight < end);
      const sums = rounded(low, high);
      const words = i16x8.narrow_i32x4_s(sums, sums);
      const pixels = i8x16.narrow_i16x8_u(words, words);
      const to = target + x;
      v128.store8_lane(to, pixels, 0);
      v128.store8_lane(to + targetLine, pixels, 1);
      v128.store8_lane(to + 2 * targetLine, pixels, 2);
      v128.store8_lane(to + 3 * targetLine, pixels, 3);
    }
    source += 4 * sourceLine;
    target += 4 * targetLine;
  }
}

/**
 * Resamples the height of lines of `bytes` bytes, 16 of them at a time: the target's last line has room for a whole
 * number of sixteens.
 */
export function resampleRows(
  source: usize,
  sourceLine: usize,
  target: usize,
  targetLine: usize,
  height: i32,
  bytes: usize,
  extents: usize,
  weights: usize,
  stride: usize,
): void {
  for (let y: usize = 0; y < <usize>height; y++) {
    const first = source + <usize>load<i32>(extents + (y << 3)) * sourceLine;
    const start = weights + y * stride;
    const end = start + ((<usize>load<i32>(extents + (y << 3), 4)) << 3);
    for (let i: usize = 0; i < bytes; i += 16) {
      let low0 = i32x4.splat(HALF);
      let low1 = low0;
      let low2 = low0;
      let low3 = low0;
      let high0 = i32x4.splat(0);
      let high1 = high0;
      let high2 = high0;
      let high3 = high0;
      let from = first + i;
      let weight = start;
      do {
        const above = v128.load(from);
        const below = v128.load(from + sourceLine);
        const left = i8x16.shuffle(above, below, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const right = i8x16.shuffle(
          above,
          below,
          8,
          24,
          9,
          25,
          10,
          26,
          11,
          27,
          12,
          28,
          13,
          29,
          14,
          30,
          15,
          31,
        );
        const two0 = i16x8.extend_low_i8x16_u(left);
        const two1 = i16x8.extend_high_i8x16_u(left);
        const two2 = i16x8.extend_low_i8x16_u(right);
        const two3 = i16x8.extend_high_i8x16_u(right);
        const low = v128.load32_splat(weight);
        const high = v128.load32_splat(weight, 4);
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(two0, low));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(two1, low));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(two2, low));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(two3, low));
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(two0, high));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(two1, high));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(two2, high));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(two3, high));
        weight += 8;
        from += 2 * sourceLine;
      } while (weight < end);
      const left = i16x8.narrow_i32x4_s(rounded(low0, high0), rounded(low1, high1));
      const right = i16x8.narrow_i32x4_s(rounded(low2, high2), rounded(low3, high3));
      v128.store(target + i, i8x16.narrow_i16x8_u(left, right));
    }
    target += targetLine;
  }
}

/** Joins the two halves of the sums and drops their fraction; the narrowing that follows cuts them to 0..255. */
function rounded(low: v128, high: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(high, LOW_BITS), low), PRECISION_BITS);
}
