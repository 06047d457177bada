const ENTRY_BYTES = 12;

/**
 * Returns a TIFF whose first directory is its last, or `bytes` themselves where it is already. libvips reads all of them
 * to count the pages: 40,000 took three seconds.
 *
 * @see TIFF 6.0 specification, section 2
 */
export function firstTiffPage(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  const next = directory + 2 + view.getUint16(directory, little) * ENTRY_BYTES;
  if (next + 4 > bytes.length || view.getUint32(next, little) === 0) return bytes;
  // A copy: a Buffer's own slice() would be none.
  const first = new Uint8Array(bytes);
  new DataView(first.buffer).setUint32(next, 0, little);
  return first;
}
