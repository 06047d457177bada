import { deflateSync } from "node:zlib";

export interface TiffSource {
  readonly height: number;
  readonly width: number;
  /** Red, green and blue of every pixel of every page. */
  readonly color: readonly [number, number, number];
  /** Directories, one behind the other. @default 1 */
  readonly pages?: number;
  /** Every tile of the image is the same bytes of the file. @default rows in one strip */
  readonly tileEdge?: number;
}

/** Returns an RGB TIFF of one colour, compressed with deflate. */
export function writeTiff({ height, width, color, pages = 1, tileEdge }: TiffSource): Buffer {
  const [pieceHeight, pieceWidth] = tileEdge === undefined ? [height, width] : [tileEdge, tileEdge];
  const pixels = Buffer.alloc(pieceHeight * pieceWidth * 3, Buffer.from(color));
  const piece = deflateSync(pixels);
  const count = tileEdge === undefined ? 1 : Math.ceil(height / tileEdge) * Math.ceil(width / tileEdge);
  const start = 8;
  const listsAt = start + piece.length + (piece.length % 2);
  const offsets = Buffer.alloc(count * 4);
  const lengths = Buffer.alloc(count * 4);
  for (let i = 0; i < count; i++) {
    offsets.writeUInt32LE(start, i * 4);
    lengths.writeUInt32LE(piece.length, i * 4);
  }
  const bits = Buffer.from([8, 0, 8, 0, 8, 0]);
  const [offsetsAt, lengthsAt] = [listsAt + bits.length, listsAt + bits.length + offsets.length];
  const value = (list: Buffer, at: number) => (count === 1 ? list.readUInt32LE(0) : at);
  const pieces: [tag: number, type: number, count: number, value: number][] =
    tileEdge === undefined
      ? [
          [273, 4, 1, start],
          [278, 4, 1, height],
          [279, 4, 1, piece.length],
        ]
      : [
          [322, 4, 1, tileEdge],
          [323, 4, 1, tileEdge],
          [324, 4, count, value(offsets, offsetsAt)],
          [325, 4, count, value(lengths, lengthsAt)],
        ];
  const entries: typeof pieces = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, 3, listsAt],
    [259, 3, 1, 8],
    [262, 3, 1, 2],
    [277, 3, 1, 3],
    ...pieces,
  ];
  entries.sort(([a], [b]) => a - b);
  const head = Buffer.from("II*\0\0\0\0\0", "latin1");
  const firstAt = lengthsAt + lengths.length;
  head.writeUInt32LE(firstAt, 4);
  const directoryBytes = 2 + entries.length * 12 + 4;
  const directories = Array.from({ length: pages }, (_, page) => {
    const directory = Buffer.alloc(directoryBytes);
    directory.writeUInt16LE(entries.length);
    for (const [i, [tag, type, values, content]] of entries.entries()) {
      const at = 2 + i * 12;
      directory.writeUInt16LE(tag, at);
      directory.writeUInt16LE(type, at + 2);
      directory.writeUInt32LE(values, at + 4);
      directory.writeUInt32LE(content, at + 8);
    }
    const next = page + 1 < pages ? firstAt + (page + 1) * directoryBytes : 0;
    directory.writeUInt32LE(next, directoryBytes - 4);
    return directory;
  });
  const padding = Buffer.alloc(piece.length % 2);
  return Buffer.concat([head, piece, padding, bits, offsets, lengths, ...directories]);
}
