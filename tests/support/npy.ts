/** Returns a NumPy file as `numpy.save` writes it. `major` is the version of the format. */
export function npy(
  header: { readonly descr: string; readonly shape: string; readonly order?: "True" | "False" },
  bytes: Uint8Array,
  major: 1 | 2 = 1,
): Uint8Array<ArrayBuffer> {
  const { descr, shape, order = "False" } = header;
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const before = major === 1 ? 10 : 12;
  const padded = Buffer.from(
    `${text.padEnd(Math.ceil((before + text.length + 1) / 64) * 64 - before - 1)}\n`,
  );
  const length = Buffer.alloc(before - 8);
  if (major === 1) length.writeUInt16LE(padded.length);
  else length.writeUInt32LE(padded.length);
  return new Uint8Array(
    Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Buffer.from([major, 0]), length, padded, bytes]),
  );
}
