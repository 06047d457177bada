import { ServingError } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";

const MAGIC = "\x93NUMPY\x01\x00";
/** Of the magic, the version and the header's length. */
const PREFIX_BYTES = 10;
/** What comes before the numbers is a multiple of this, so that they may be mapped into memory. */
const ALIGNMENT = 64;

/** NumPy's names; strings are of no fixed size. */
const DESCR: Readonly<Record<Exclude<DType, "string">, string>> = {
  float32: "<f4",
  float64: "<f8",
  float16: "<f2",
  int8: "|i1",
  int16: "<i2",
  int32: "<i4",
  int64: "<i8",
  uint8: "|u1",
  uint16: "<u2",
  uint32: "<u4",
  uint64: "<u8",
  bool: "|b1",
};

/**
 * Returns a tensor as a NumPy file (`.npy`), which `numpy.load` reads: version 1.0, C order, little-endian as every
 * machine that the server runs on.
 *
 * @throws {ServingError} NOT_ACCEPTABLE when its elements are strings.
 * @see numpy/numpy `numpy/lib/format.py`
 */
export function writeNpy({ dtype, shape, data }: Tensor): Uint8Array<ArrayBuffer> {
  if (dtype === "string" || Array.isArray(data)) {
    throw new ServingError(
      "NOT_ACCEPTABLE",
      "application/x-npy: texts are no array of numbers; ask for JSON",
    );
  }
  const header = headerOf(DESCR[dtype], shape);
  const file = new Uint8Array(new ArrayBuffer(header.length + data.byteLength));
  file.set(header);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return file;
}

function headerOf(descr: string, shape: readonly number[]): Buffer {
  // A tuple of one has a comma behind it.
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const bytes = Math.ceil((PREFIX_BYTES + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(bytes, " ");
  header.write(MAGIC, "latin1");
  header.writeUInt16LE(bytes - PREFIX_BYTES, 8);
  header.write(text, PREFIX_BYTES, "latin1");
  header.write("\n", bytes - 1, "latin1");
  return header;
}
