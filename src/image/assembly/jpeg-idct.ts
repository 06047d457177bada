// The inverse DCT of libjpeg's "islow" kind, in the 16 and 32-bit arithmetic of libjpeg-turbo's vector code.

const CONST_BITS: i32 = 13;
const PASS1_BITS: i32 = 2;

/** No image has larger coefficients, the quantisation undone. Vector and scalar decoders differ on those that do. */
const MAX_COEFFICIENT: i16 = 8191;

/** Eight lines of eight 16-bit numbers between the passes. */
const BLOCK: usize = memory.data(128, 16);

/**
 * Writes a block of 8 x 8 pixels, and zeros its coefficients. `quantisation` is 64 16-bit numbers, like the coefficients
 * in natural order. Returns false where one is larger than those of an image.
 */
export function inverseDct(coefficients: usize, quantisation: usize, target: usize, stride: usize): bool {
  let largest = i16x8.splat(0);
  for (let i: usize = 0; i < 128; i += 16) {
    const line = i16x8.mul(v128.load(coefficients + i), v128.load(quantisation + i));
    largest = i16x8.max_u(largest, i16x8.abs(line));
    v128.store(BLOCK + i, line);
    v128.store(coefficients + i, i16x8.splat(0));
  }
  if (v128.any_true(i16x8.gt_u(largest, i16x8.splat(MAX_COEFFICIENT)))) return false;
  transform(CONST_BITS - PASS1_BITS);
  transpose();
  transform(CONST_BITS + PASS1_BITS + 3);
  transpose();
  const middle = i8x16.splat(-128);
  for (let i: usize = 0; i < 128; i += 32) {
    const two = i8x16.narrow_i16x8_s(v128.load(BLOCK + i), v128.load(BLOCK + i, 16));
    const pixels = v128.xor(two, middle);
    v128.store64_lane(target, pixels, 0);
    v128.store64_lane(target + stride, pixels, 1);
    target += stride << 1;
  }
  return true;
}

/** The same for a block whose only coefficient is the first. */
export function inverseDctOfDc(coefficient: i16, quantisation: u16, target: usize, stride: usize): bool {
  const scaled = <i32>coefficient * <i32>quantisation;
  if (abs(scaled) > MAX_COEFFICIENT) return false;
  const level = max(0, min(255, ((scaled + 4) >> 3) + 128));
  const line = i8x16.splat(<u8>level);
  for (let y = 0; y < 8; y++) {
    v128.store64_lane(target, line, 0);
    target += stride;
  }
  return true;
}

/** One dimension: column by column of BLOCK, in place, the sums shifted right by `shift`, rounded. */
function transform(shift: i32): void {
  const rounding = i32x4.splat(1 << (shift - 1));
  const x0 = v128.load(BLOCK, 0);
  const x1 = v128.load(BLOCK, 16);
  const x2 = v128.load(BLOCK, 32);
  const x3 = v128.load(BLOCK, 48);
  const x4 = v128.load(BLOCK, 64);
  const x5 = v128.load(BLOCK, 80);
  const x6 = v128.load(BLOCK, 96);
  const x7 = v128.load(BLOCK, 112);
  const sum = i16x8.add(x0, x4);
  const difference = i16x8.sub(x0, x4);

  const twoLeft = lower(x2, x6);
  const even3Left = i32x4.dot_i16x8_s(twoLeft, pair(4433 + 6270, 4433));
  const even2Left = i32x4.dot_i16x8_s(twoLeft, pair(4433, 4433 - 15137));
  const even0Left = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(sum), CONST_BITS), rounding);
  const even1Left = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(difference), CONST_BITS), rounding);
  const oddSumsLeft = lower(i16x8.add(x7, x3), i16x8.add(x5, x1));
  const odd3Left = i32x4.dot_i16x8_s(oddSumsLeft, pair(9633 - 16069, 9633));
  const odd4Left = i32x4.dot_i16x8_s(oddSumsLeft, pair(9633, 9633 - 3196));
  const outerLeft = lower(x7, x1);
  const innerLeft = lower(x5, x3);
  const odd0Left = i32x4.add(i32x4.dot_i16x8_s(outerLeft, pair(2446 - 7373, -7373)), odd3Left);
  const odd7Left = i32x4.add(i32x4.dot_i16x8_s(outerLeft, pair(-7373, 12299 - 7373)), odd4Left);
  const odd1Left = i32x4.add(i32x4.dot_i16x8_s(innerLeft, pair(16819 - 20995, -20995)), odd4Left);
  const odd2Left = i32x4.add(i32x4.dot_i16x8_s(innerLeft, pair(-20995, 25172 - 20995)), odd3Left);
  const sum0Left = i32x4.add(even0Left, even3Left);
  const sum3Left = i32x4.sub(even0Left, even3Left);
  const sum1Left = i32x4.add(even1Left, even2Left);
  const sum2Left = i32x4.sub(even1Left, even2Left);

  const twoRight = upper(x2, x6);
  const even3Right = i32x4.dot_i16x8_s(twoRight, pair(4433 + 6270, 4433));
  const even2Right = i32x4.dot_i16x8_s(twoRight, pair(4433, 4433 - 15137));
  const even0Right = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(sum), CONST_BITS), rounding);
  const even1Right = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(difference), CONST_BITS), rounding);
  const oddSumsRight = upper(i16x8.add(x7, x3), i16x8.add(x5, x1));
  const odd3Right = i32x4.dot_i16x8_s(oddSumsRight, pair(9633 - 16069, 9633));
  const odd4Right = i32x4.dot_i16x8_s(oddSumsRight, pair(9633, 9633 - 3196));
  const outerRight = upper(x7, x1);
  const innerRight = upper(x5, x3);
  const odd0Right = i32x4.add(i32x4.dot_i16x8_s(outerRight, pair(2446 - 7373, -7373)), odd3Right);
  const odd7Right = i32x4.add(i32x4.dot_i16x8_s(outerRight, pair(-7373, 12299 - 7373)), odd4Right);
  const odd1Right = i32x4.add(i32x4.dot_i16x8_s(innerRight, pair(16819 - 20995, -20995)), odd4Right);
  const odd2Right = i32x4.add(i32x4.dot_i16x8_s(innerRight, pair(-20995, 25172 - 20995)), odd3Right);
  const sum0Right = i32x4.add(even0Right, even3Right);
  const sum3Right = i32x4.sub(even0Right, even3Right);
  const sum1Right = i32x4.add(even1Right, even2Right);
  const sum2Right = i32x4.sub(even1Right, even2Right);
  v128.store(BLOCK, narrow(i32x4.add(sum0Left, odd7Left), i32x4.add(sum0Right, odd7Right), shift), 0);
  v128.store(BLOCK, narrow(i32x4.add(sum1Left, odd2Left), i32x4.add(sum1Right, odd2Right), shift), 16);
  v128.store(BLOCK, narrow(i32x4.add(sum2Left, odd1Left), i32x4.add(sum2Right, odd1Right), shift), 32);
  v128.store(BLOCK, narrow(i32x4.add(sum3Left, odd0Left), i32x4.add(sum3Right, odd0Right), shift), 48);
  v128.store(BLOCK, narrow(i32x4.sub(sum3Left, odd0Left), i32x4.sub(sum3Right, odd0Right), shift), 64);
  v128.store(BLOCK, narrow(i32x4.sub(sum2Left, odd1Left), i32x4.sub(sum2Right, odd1Right), shift), 80);
  v128.store(BLOCK, narrow(i32x4.sub(sum1Left, odd2Left), i32x4.sub(sum1Right, odd2Right), shift), 96);
  v128.store(BLOCK, narrow(i32x4.sub(sum0Left, odd7Left), i32x4.sub(sum0Right, odd7Right), shift), 112);
}

function narrow(left: v128, right: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(left, shift), i32x4.shr_s(right, shift));
}

function lower(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

function upper(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** A pair of constants for the products of the two numbers in each lane of `lower` and `upper`. */
function pair(first: i32, second: i32): v128 {
  return i32x4.splat((first & 0xffff) | (second << 16));
}

function transpose(): void {
  const a0 = v128.load(BLOCK);
  const a1 = v128.load(BLOCK, 16);
  const a2 = v128.load(BLOCK, 32);
  const a3 = v128.load(BLOCK, 48);
  const a4 = v128.load(BLOCK, 64);
  const a5 = v128.load(BLOCK, 80);
  const a6 = v128.load(BLOCK, 96);
  const a7 = v128.load(BLOCK, 112);
  const b0 = lower(a0, a4);
  const b1 = upper(a0, a4);
  const b2 = lower(a1, a5);
  const b3 = upper(a1, a5);
  const b4 = lower(a2, a6);
  const b5 = upper(a2, a6);
  const b6 = lower(a3, a7);
  const b7 = upper(a3, a7);
  const c0 = lower(b0, b4);
  const c1 = upper(b0, b4);
  const c2 = lower(b1, b5);
  const c3 = upper(b1, b5);
  const c4 = lower(b2, b6);
  const c5 = upper(b2, b6);
  const c6 = lower(b3, b7);
  const c7 = upper(b3, b7);
  v128.store(BLOCK, lower(c0, c4));
  v128.store(BLOCK, upper(c0, c4), 16);
  v128.store(BLOCK, lower(c1, c5), 32);
  v128.store(BLOCK, upper(c1, c5), 48);
  v128.store(BLOCK, lower(c2, c6), 64);
  v128.store(BLOCK, upper(c2, c6), 80);
  v128.store(BLOCK, lower(c3, c7), 96);
  v128.store(BLOCK, upper(c3, c7), 112);
}
