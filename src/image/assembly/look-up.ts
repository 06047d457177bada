/**
 * Replaces each byte of a channel by its entry in a table of 256. Shapes: `[height, width]`; steps are the bytes from
 * a pixel to the next, lines those from a line to the next.
 */
function lookUp<T>(
  source: usize,
  sourceStep: usize,
  sourceLine: usize,
  target: usize,
  targetStep: usize,
  targetLine: usize,
  height: i32,
  width: i32,
  table: usize,
): void {
  for (let y = 0; y < height; y++) {
    let from = source;
    let to = target;
    for (let x = 0; x < width; x++) {
      store<T>(to, load<T>(table + <usize>load<u8>(from) * sizeof<T>()));
      from += sourceStep;
      to += targetStep;
    }
    source += sourceLine;
    target += targetLine;
  }
}

export function lookUp8(
  source: usize,
  sourceStep: usize,
  sourceLine: usize,
  target: usize,
  targetStep: usize,
  targetLine: usize,
  height: i32,
  width: i32,
  table: usize,
): void {
  lookUp<u8>(source, sourceStep, sourceLine, target, targetStep, targetLine, height, width, table);
}

export function lookUp16(
  source: usize,
  sourceStep: usize,
  sourceLine: usize,
  target: usize,
  targetStep: usize,
  targetLine: usize,
  height: i32,
  width: i32,
  table: usize,
): void {
  lookUp<u16>(source, sourceStep, sourceLine, target, targetStep, targetLine, height, width, table);
}

export function lookUp32(
  source: usize,
  sourceStep: usize,
  sourceLine: usize,
  target: usize,
  targetStep: usize,
  targetLine: usize,
  height: i32,
  width: i32,
  table: usize,
): void {
  lookUp<u32>(source, sourceStep, sourceLine, target, targetStep, targetLine, height, width, table);
}
