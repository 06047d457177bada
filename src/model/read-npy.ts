import { excerpt, StartupError } from "../errors.ts";
import { type ArrayFormat, arrayItemBytes, findArrayDType, isArrayShape } from "../tensor/array-format.ts";
import { readNpyHeader } from "../tensor/npy-header.ts";
import { elementCount, formatShape } from "../tensor/tensor.ts";

/**
 * Returns the array of a NumPy file, as `numpy.save` writes it.
 *
 * @param path of the file, for messages
 * @throws {StartupError} when it is none, is cut off, or holds what is no array of bands; the line names the file.
 */
export function readNpy(
  path: string,
  file: Uint8Array<ArrayBuffer>,
): { bytes: Uint8Array<ArrayBuffer>; array: ArrayFormat } {
  const refuse = (problem: string) => new StartupError(`${path}: ${problem}`);
  const header = readNpyHeader(file);
  if (header === undefined) throw refuse("is no NumPy file (.npy)");
  const { descr, isFortranOrder, shape, end } = header;
  const dtype = findArrayDType(descr);
  if (dtype === undefined) throw refuse(`holds numbers of type ${excerpt(descr)}, which no raw array has`);
  if (isFortranOrder) throw refuse("is in Fortran order: save numpy.ascontiguousarray(array)");
  if (!isArrayShape(shape)) throw refuse("expected 2 or 3 dimensions, as [height, width, bands]");
  const bytes = file.slice(end);
  const expected = elementCount(shape) * arrayItemBytes(dtype);
  if (bytes.length !== expected) {
    throw refuse(`expected ${expected} bytes for ${formatShape(shape)} ${dtype}, got ${bytes.length}`);
  }
  return { bytes, array: { dtype, shape } };
}
