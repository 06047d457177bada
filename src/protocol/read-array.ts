import { excerpt, ServingError } from "../errors.ts";
import {
  ARRAY_DTYPES,
  ARRAY_LAYOUTS,
  type ArrayFormat,
  arrayItemBytes,
  findArrayDType,
  isArrayShape,
} from "../tensor/array-format.ts";
import { elementCount, formatShape } from "../tensor/tensor.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import { quoteJson } from "./quote-json.ts";

/** A raw array as it stands in a request. */
export interface ArrayObject extends JsonObject {
  readonly b64: string;
}

const KEYS: ReadonlySet<string> = new Set(["b64", "shape", "dtype", "layout"]);

/** Tells whether `value` is `{"b64": "<string>"}` with one or more of `shape`, `dtype` and `layout`, and nothing else. */
export function isArrayObject(value: unknown): value is ArrayObject {
  if (!isJsonObject(value) || typeof value.b64 !== "string") return false;
  const names = Object.keys(value);
  return names.length > 1 && names.every((name) => KEYS.has(name));
}

/**
 * Returns how the bytes of an array object are pixels.
 *
 * @param where path of the object in the request
 * @throws {ServingError} INVALID_ARGUMENT when the shape, the type or the layout is none
 */
export function readArrayFormat({ shape, dtype, layout }: ArrayObject, where: string): ArrayFormat {
  if (!isArrayShape(shape)) {
    throw invalid(
      `${where}.shape: expected [height, width, bands], [bands, height, width] or [height, width], got ${quoteJson(shape ?? null)}`,
    );
  }
  const known = dtype === undefined ? "uint8" : typeof dtype === "string" ? findArrayDType(dtype) : undefined;
  if (known === undefined) {
    throw invalid(
      `${where}.dtype: expected ${ARRAY_DTYPES.join(", ")}, got ${quoteJson(dtype)}${hint(dtype)}`,
    );
  }
  const order = layout === undefined ? undefined : ARRAY_LAYOUTS.find((name) => name === layout);
  if (layout !== undefined && order === undefined) {
    throw invalid(`${where}.layout: expected ${ARRAY_LAYOUTS.join(" or ")}, got ${quoteJson(layout)}`);
  }
  return { dtype: known, shape, ...(order === undefined ? {} : { layout: order }) };
}

/** @throws {ServingError} INVALID_ARGUMENT when `bytes` are not as many as the format says */
export function checkArrayBytes(bytes: Uint8Array, { dtype, shape }: ArrayFormat, where: string): void {
  const expected = elementCount(shape) * arrayItemBytes(dtype);
  if (bytes.length === expected) return;
  throw invalid(
    `${where}: expected ${expected} bytes for ${formatShape(shape)} ${dtype}, got ${bytes.length}`,
  );
}

function hint(dtype: unknown): string {
  if (typeof dtype !== "string" || !dtype.startsWith(">")) return "";
  return `; send little-endian numbers: array.astype("<${excerpt(dtype.slice(1))}")`;
}

function invalid(message: string): ServingError {
  return new ServingError("INVALID_ARGUMENT", message);
}
