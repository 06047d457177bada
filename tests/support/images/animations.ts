/** Returns a GIF whose first frame stands in it `count` times. */
export function repeatGifFrame(gif: Buffer, count: number): Buffer {
  const header = 13 + (gif.readUInt8(10) & 0x80 ? 3 << ((gif.readUInt8(10) & 7) + 1) : 0);
  const frames = gif.subarray(header, gif.length - 1);
  return Buffer.concat([gif.subarray(0, header), ...new Array<Buffer>(count).fill(frames), Buffer.from(";")]);
}

/** Returns an animated WebP of `frames`, each a still WebP of this size. */
export function animateWebp(
  stills: readonly Buffer[],
  { height, width }: { height: number; width: number },
): Buffer {
  const canvas = Buffer.alloc(10);
  // The flag of animations.
  canvas.writeUInt8(2);
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  const frames = stills.map((still) => {
    const head = Buffer.alloc(16);
    head.writeUIntLE(width - 1, 6, 3);
    head.writeUIntLE(height - 1, 9, 3);
    head.writeUIntLE(40, 12, 3);
    return riffChunk("ANMF", Buffer.concat([head, still.subarray(12)]));
  });
  const chunks = [riffChunk("VP8X", canvas), riffChunk("ANIM", Buffer.alloc(6)), ...frames];
  return riffChunk("RIFF", Buffer.concat([Buffer.from("WEBP"), ...chunks]));
}

function riffChunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}
