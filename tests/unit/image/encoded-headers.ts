/** The smallest headers that say a size, without any pixels behind them. */
export const headers = {
  png(width: number, height: number, bitDepth = 8, colorType = 2): Buffer {
    const bytes = Buffer.alloc(33);
    bytes.write("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1");
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    bytes.writeUInt8(bitDepth, 24);
    bytes.writeUInt8(colorType, 25);
    return bytes;
  },

  /** `before` stands between the start of image and the frame header. */
  jpeg(width: number, height: number, before: Uint8Array = Buffer.alloc(0), frame = 0xc0): Buffer {
    const segment = Buffer.alloc(19);
    segment.set([0xff, frame, 0, 17, 8]);
    segment.writeUInt16BE(height, 5);
    segment.writeUInt16BE(width, 7);
    segment.set([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1], 9);
    return Buffer.concat([Buffer.from([0xff, 0xd8]), before, segment]);
  },

  gif(
    screen: [width: number, height: number],
    frame: [x: number, y: number, width: number, height: number],
  ): Buffer {
    const bytes = Buffer.alloc(30);
    bytes.write("GIF89a", "latin1");
    bytes.writeUInt16LE(screen[0], 6);
    bytes.writeUInt16LE(screen[1], 8);
    // A palette of two colours.
    bytes.writeUInt8(0x80, 10);
    bytes.writeUInt8(0x2c, 19);
    for (const [i, value] of frame.entries()) bytes.writeUInt16LE(value, 20 + i * 2);
    return bytes;
  },

  webpVp8(width: number, height: number): Buffer {
    const bytes = Buffer.alloc(30);
    bytes.write("RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a", "latin1");
    bytes.writeUInt16LE(width, 26);
    bytes.writeUInt16LE(height, 28);
    return bytes;
  },

  webpVp8x(width: number, height: number): Buffer {
    const bytes = Buffer.alloc(30);
    bytes.write("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0", "latin1");
    bytes.writeUIntLE(width - 1, 24, 3);
    bytes.writeUIntLE(height - 1, 27, 3);
    return bytes;
  },

  webpVp8l(width: number, height: number): Buffer {
    const bytes = Buffer.alloc(25);
    bytes.write("RIFF\x11\0\0\0WEBPVP8L\x05\0\0\0\x2f", "latin1");
    bytes.writeUInt32LE((width - 1) | ((height - 1) << 14), 21);
    return bytes;
  },

  /** Entries are tag, type and value. */
  tiff(entries: readonly (readonly [tag: number, type: number, value: number])[], little = true): Buffer {
    const bytes = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
    bytes.write(little ? "II*\0" : "MM\0*", "latin1");
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setUint32(4, 8, little);
    view.setUint16(8, entries.length, little);
    entries.forEach(([tag, type, value], i) => {
      const at = 10 + i * 12;
      view.setUint16(at, tag, little);
      view.setUint16(at + 2, type, little);
      view.setUint32(at + 4, 1, little);
      if (type === 3) view.setUint16(at + 8, value, little);
      else view.setUint32(at + 8, value, little);
    });
    return bytes;
  },

  bmp(
    width: number,
    height: number,
    fields: { bits?: number; compression?: number; colors?: number } = {},
  ): Buffer {
    const bytes = Buffer.alloc(54);
    bytes.write("BM", "latin1");
    bytes.writeUInt32LE(54, 10);
    bytes.writeUInt32LE(40, 14);
    bytes.writeInt32LE(width, 18);
    bytes.writeInt32LE(height, 22);
    bytes.writeUInt16LE(fields.bits ?? 24, 28);
    bytes.writeUInt32LE(fields.compression ?? 0, 30);
    bytes.writeUInt32LE(fields.colors ?? 0, 46);
    return bytes;
  },
};
