import { parsePythonLiteral } from "./python-literal.ts";

/** What the head of a NumPy file says. */
export interface NpyHeader {
  /** NumPy's name of the element type, such as `<f4`; of a structured one the text of its parts. */
  readonly descr: string;
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
  /** Offset of the numbers. */
  readonly end: number;
}

const MAGIC = Buffer.from("\x93NUMPY", "latin1");

/** Tells whether bytes begin as a NumPy file (.npy) does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, at) => bytes[at] === byte);
}

/**
 * Returns the head of a NumPy file, as `numpy.save` writes it; undefined when it is none, or is cut off or damaged.
 *
 * @see numpy/numpy `numpy/lib/format.py`, versions 1.0 to 3.0
 */
export function readNpyHeader(file: Uint8Array): NpyHeader | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 12 || !isNpy(bytes)) return undefined;
  const start = bytes[MAGIC.length] === 1 ? 10 : 12;
  const end = start + (start === 10 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  try {
    const header = parsePythonLiteral(bytes.toString("utf8", start, end).trim());
    if (!(header instanceof Map)) return undefined;
    const shape = header.get("shape");
    if (!isShape(shape)) return undefined;
    return {
      descr: String(header.get("descr")),
      isFortranOrder: header.get("fortran_order") !== false,
      shape,
      end,
    };
  } catch {
    return undefined;
  }
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
