import { ServingError } from "../errors.ts";

const MOST_BITS = 12;
const MOST_CODES = 1 << MOST_BITS;

/**
 * Fills `pixels` with the palette indexes that a GIF's compressed data stand for. `offset` is that of the byte with the
 * size of the shortest codes; data behind the last pixel are not read.
 *
 * @throws {ServingError} INVALID_IMAGE when a code is none, or the data end before the last pixel.
 * @see GIF89a specification, appendix F; python-pillow/Pillow `src/libImaging/GifDecode.c`
 */
export function readLzwCodes(bytes: Uint8Array, offset: number, pixels: Uint8Array): void {
  const indexBits = bytes[offset] ?? 0;
  if (indexBits >= MOST_BITS) throw brokenGif("corrupt");
  const clear = 1 << indexBits;
  const end = clear + 1;
  // A code stands for its prefix, another code, and one index behind it; those below `clear` for an index alone.
  const prefixes = new Uint16Array(MOST_CODES);
  const suffixes = Uint8Array.from({ length: MOST_CODES }, (_, index) => index);
  const firsts = suffixes.slice();
  const lengths = new Uint16Array(MOST_CODES).fill(1);
  let [next, bits] = [end + 1, indexBits + 1];
  let last = -1;
  let [at, blockEnd] = [offset + 1, offset + 1];
  let [buffer, count] = [0, 0];
  for (let filled = 0; filled < pixels.length; ) {
    while (count < bits) {
      while (at === blockEnd) {
        if (at >= bytes.length) throw brokenGif("truncated");
        blockEnd = at + 1 + (bytes[at] as number);
        at += 1;
        if (blockEnd > bytes.length) throw brokenGif("truncated");
      }
      buffer |= (bytes[at++] as number) << count;
      count += 8;
    }
    const code = buffer & ((1 << bits) - 1);
    buffer >>>= bits;
    count -= bits;
    if (code === clear) {
      [next, bits, last] = [end + 1, indexBits + 1, -1];
      continue;
    }
    if (code === end) throw brokenGif("truncated");
    if (last < 0 ? code > clear : code > next) throw brokenGif("corrupt");
    if (last >= 0 && next < MOST_CODES) {
      // The code that was read may be this new one.
      prefixes[next] = last;
      lengths[next] = (lengths[last] as number) + 1;
      firsts[next] = firsts[last] as number;
      suffixes[next] = firsts[code] as number;
      if (next === (1 << bits) - 1 && bits < MOST_BITS) bits += 1;
      next += 1;
    }
    let to = filled + (lengths[code] as number);
    filled = to;
    for (let rest = code; ; rest = prefixes[rest] as number) {
      to -= 1;
      // A string that runs past the last pixel is cut there.
      if (to < pixels.length) pixels[to] = suffixes[rest] as number;
      if (rest < clear) break;
    }
    last = code;
  }
}

function brokenGif(kind: "corrupt" | "truncated"): ServingError {
  return new ServingError("INVALID_IMAGE", `expected an image, got a ${kind} GIF`);
}
