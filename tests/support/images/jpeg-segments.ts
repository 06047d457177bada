/** Most bytes that a segment holds beside its length. */
export const MOST_SEGMENT_BYTES = 65_533;

export const JPEG_MARKERS = { exif: 0xe1, icc: 0xe2, comment: 0xfe } as const;

/** Returns a segment of a JPEG: marker, length, content. */
export function jpegSegment(marker: number, content: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** Returns an EXIF segment that says how the picture is to be turned, 1 to 8, and nothing else. */
export function exifSegment(orientation: number): Buffer {
  const content = Buffer.from(
    "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0",
    "latin1",
  );
  content.writeUInt16BE(orientation, 24);
  return jpegSegment(JPEG_MARKERS.exif, content);
}

/** Returns a JPEG with segments put in at its start. */
export function withJpegSegments(jpeg: Buffer, ...segments: readonly Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}
