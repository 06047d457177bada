import { excerpt, StartupError } from "../errors.ts";
import { type ArrayFormat, arrayItemBytes, findArrayDType, isArrayShape } from "../tensor/array-format.ts";
import { elementCount, formatShape } from "../tensor/tensor.ts";
import { type PythonValue, parsePythonLiteral } from "./python-literal.ts";

const MAGIC = "\x93NUMPY";

/**
 * Returns the array of a NumPy file, as `numpy.save` writes it.
 *
 * @param path of the file, for messages
 * @throws {StartupError} when it is none, is cut off, or holds what is no array of bands; the line names the file.
 * @see numpy/numpy `numpy/lib/format.py`, versions 1.0 to 3.0
 */
export function readNpy(
  path: string,
  file: Uint8Array<ArrayBuffer>,
): { bytes: Uint8Array<ArrayBuffer>; array: ArrayFormat } {
  const refuse = (problem: string) => new StartupError(`${path}: ${problem}`);
  const { header, end } = readHeader(file) ?? {};
  if (header === undefined || end === undefined) throw refuse("is no NumPy file (.npy)");
  const descr = header.get("descr");
  const dtype = typeof descr === "string" ? findArrayDType(descr) : undefined;
  if (dtype === undefined) {
    throw refuse(`holds numbers of type ${excerpt(String(descr))}, which no raw array has`);
  }
  if (header.get("fortran_order") !== false) {
    throw refuse("is in Fortran order: save numpy.ascontiguousarray(array)");
  }
  const shape = header.get("shape");
  if (!isArrayShape(shape)) throw refuse("expected 2 or 3 dimensions, as [height, width, bands]");
  const bytes = file.slice(end);
  const expected = elementCount(shape) * arrayItemBytes(dtype);
  if (bytes.length !== expected) {
    throw refuse(`expected ${expected} bytes for ${formatShape(shape)} ${dtype}, got ${bytes.length}`);
  }
  return { bytes, array: { dtype, shape } };
}

interface Header {
  readonly header: ReadonlyMap<string | number, PythonValue>;
  /** Where the numbers begin. */
  readonly end: number;
}

function readHeader(file: Uint8Array<ArrayBuffer>): Header | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 12 || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const isShort = bytes[MAGIC.length] === 1;
  const start = isShort ? 10 : 12;
  const end = start + (isShort ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  try {
    const header = parsePythonLiteral(bytes.toString("utf8", start, end).trim());
    return header instanceof Map ? { header, end } : undefined;
  } catch {
    return undefined;
  }
}
