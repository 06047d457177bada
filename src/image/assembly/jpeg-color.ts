// Chroma brought to the size of the luma with libjpeg's triangle filter ("fancy upsampling"), and YCbCr made RGB, in the
// integer arithmetic of libjpeg's jdsample.c and jdcolor.c.

/**
 * Writes a grey image as RGB, up to 47 bytes past its end.
 */
export function greyToRgb(luma: usize, line: usize, height: i32, width: i32, target: usize): void {
  for (let y = 0; y < height; y++) {
    for (let i: usize = 0; i < <usize>width; i += 16) {
      const grey = v128.load(luma + i);
      storeRgb(target + i * 3, grey, grey, grey);
    }
    luma += line;
    target += <usize>width * 3;
  }
}

/**
 * Writes planes of YCbCr as RGB, up to 47 bytes past the end. The chroma planes are alike; they have `across` and `down`
 * times fewer samples than the luma: 1 and 1, 2 and 1, or 2 and 2. `scratch` has room for 4 lines of `width` bytes and
 * 256 more.
 */
export function yccToRgb(
  luma: usize,
  lumaLine: usize,
  blue: usize,
  red: usize,
  chromaLine: usize,
  across: i32,
  down: i32,
  height: i32,
  width: i32,
  scratch: usize,
  target: usize,
): void {
  const chromaWidth = (width + across - 1) / across;
  const lastLine = (height + down - 1) / down - 1;
  const wideBlue = scratch + 2 * <usize>width + 128;
  const wideRed = wideBlue + <usize>width + 64;
  for (let y = 0; y < height; y++) {
    const near = <usize>(down === 2 ? y >> 1 : y) * chromaLine;
    if (across === 1) convertLine(luma, blue + near, red + near, width, target);
    else {
      if (down === 1) {
        widen(blue + near, chromaWidth, scratch, wideBlue);
        widen(red + near, chromaWidth, scratch, wideRed);
      } else {
        // Outside the image, the line at its edge.
        const farther = max(0, min(lastLine, (y >> 1) + (y & 1) * 2 - 1));
        const far = <usize>farther * chromaLine;
        widenBetween(blue + near, blue + far, chromaWidth, scratch, wideBlue);
        widenBetween(red + near, red + far, chromaWidth, scratch, wideRed);
      }
      convertLine(luma, wideBlue, wideRed, width, target);
    }
    luma += lumaLine;
    target += <usize>width * 3;
  }
}

/** Doubles a line's width, for 4:2:0: three parts of the nearer line and one of the farther, then the same across. */
function widenBetween(near: usize, far: usize, width: i32, scratch: usize, target: usize): void {
  const sums = scratch + 16;
  const three = i16x8.splat(3);
  for (let i: usize = 0; i < <usize>width; i += 8) {
    const nearer = i16x8.extend_low_i8x16_u(v128.load64_zero(near + i));
    const farther = i16x8.extend_low_i8x16_u(v128.load64_zero(far + i));
    v128.store(sums + (i << 1), i16x8.add(i16x8.mul(nearer, three), farther));
  }
  repeatEdges(sums, width);
  const eight = i16x8.splat(8);
  const seven = i16x8.splat(7);
  for (let i: usize = 0; i < <usize>width; i += 8) {
    const at = sums + (i << 1);
    const here = i16x8.mul(v128.load(at), three);
    const left = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at - 2)), eight), 4);
    const right = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at + 2)), seven), 4);
    v128.store(target + (i << 1), v128.or(left, i16x8.shl(right, 8)));
  }
}

/** Doubles a line's width, for 4:2:2. */
function widen(line: usize, width: i32, scratch: usize, target: usize): void {
  const sums = scratch + 16;
  for (let i: usize = 0; i < <usize>width; i += 8) {
    v128.store(sums + (i << 1), i16x8.extend_low_i8x16_u(v128.load64_zero(line + i)));
  }
  repeatEdges(sums, width);
  const three = i16x8.splat(3);
  const one = i16x8.splat(1);
  const two = i16x8.splat(2);
  for (let i: usize = 0; i < <usize>width; i += 8) {
    const at = sums + (i << 1);
    const here = i16x8.mul(v128.load(at), three);
    const left = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at - 2)), one), 2);
    const right = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at + 2)), two), 2);
    v128.store(target + (i << 1), v128.or(left, i16x8.shl(right, 8)));
  }
}

/** What lies past an edge is as the edge. */
function repeatEdges(sums: usize, width: i32): void {
  const last = sums + ((<usize>width) << 1);
  store<u16>(sums - 2, load<u16>(sums));
  store<u16>(last, load<u16>(last - 2));
}

function convertLine(luma: usize, blue: usize, red: usize, width: i32, target: usize): void {
  const middle = i16x8.splat(128);
  for (let i: usize = 0; i < <usize>width; i += 16) {
    const y = v128.load(luma + i);
    const cb = v128.load(blue + i);
    const cr = v128.load(red + i);
    const yLow = i16x8.extend_low_i8x16_u(y);
    const yHigh = i16x8.extend_high_i8x16_u(y);
    const cbLow = i16x8.sub(i16x8.extend_low_i8x16_u(cb), middle);
    const cbHigh = i16x8.sub(i16x8.extend_high_i8x16_u(cb), middle);
    const crLow = i16x8.sub(i16x8.extend_low_i8x16_u(cr), middle);
    const crHigh = i16x8.sub(i16x8.extend_high_i8x16_u(cr), middle);
    const r = i8x16.narrow_i16x8_u(redOf(yLow, crLow), redOf(yHigh, crHigh));
    const g = i8x16.narrow_i16x8_u(greenOf(yLow, cbLow, crLow), greenOf(yHigh, cbHigh, crHigh));
    const b = i8x16.narrow_i16x8_u(blueOf(yLow, cbLow), blueOf(yHigh, cbHigh));
    storeRgb(target + i * 3, r, g, b);
  }
}

// 1.402 is 1 + 26345 / 65536; 1.772 is 2 - 14942 / 65536; 0.71414 is 1 - 18734 / 65536; 0.34414 is 22554 / 65536.
function redOf(y: v128, cr: v128): v128 {
  return i16x8.add(i16x8.add(y, cr), scale(cr, 26345));
}

function blueOf(y: v128, cb: v128): v128 {
  return i16x8.add(i16x8.add(y, i16x8.shl(cb, 1)), scale(cb, -14942));
}

function greenOf(y: v128, cb: v128, cr: v128): v128 {
  const factors = i32x4.splat((-22554 & 0xffff) | (18734 << 16));
  const half = i32x4.splat(1 << 15);
  const low = i32x4.dot_i16x8_s(i16x8.shuffle(cb, cr, 0, 8, 1, 9, 2, 10, 3, 11), factors);
  const high = i32x4.dot_i16x8_s(i16x8.shuffle(cb, cr, 4, 12, 5, 13, 6, 14, 7, 15), factors);
  const part = i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(low, half), 16),
    i32x4.shr_s(i32x4.add(high, half), 16),
  );
  return i16x8.add(i16x8.sub(y, cr), part);
}

function scale(values: v128, factor: i16): v128 {
  const factors = i16x8.splat(factor);
  const half = i32x4.splat(1 << 15);
  const low = i32x4.shr_s(i32x4.add(i32x4.extmul_low_i16x8_s(values, factors), half), 16);
  const high = i32x4.shr_s(i32x4.add(i32x4.extmul_high_i16x8_s(values, factors), half), 16);
  return i16x8.narrow_i32x4_s(low, high);
}

/** Interleaves 16 pixels. */
function storeRgb(target: usize, r: v128, g: v128, b: v128): void {
  const rg0 = i8x16.shuffle(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  v128.store(target, i8x16.shuffle(rg0, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
  const rg1 = i8x16.shuffle(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  v128.store(target, i8x16.shuffle(rg1, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16);
  const rg2 = i8x16.shuffle(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  v128.store(target, i8x16.shuffle(rg2, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32);
}
