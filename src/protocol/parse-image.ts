import { ServingError } from "../errors.ts";
import { decodeBase64 } from "./base64.ts";
import { isBase64Object, isJsonObject } from "./json-object.ts";
import type { Payloads } from "./lift-payloads.ts";
import type { ImageSource } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";
import { checkArrayBytes, isArrayObject, readArrayFormat } from "./read-array.ts";
import { decodeTfsBase64 } from "./tfs-base64.ts";

/** Which wire format a request is written in. TensorFlow Serving reads a bare string as its own bytes. */
export type Dialect = "analyze" | "tfs";

/**
 * Returns the image that `instance` holds as `{"b64"}`, with `shape`, `dtype` and `layout` for a raw array, as
 * `{"image_bytes": B}` or `{"<imageInput>": B}`, a `"key"` beside it; undefined when it is a row: nested numbers, or objects of
 * input names.
 *
 * @param where path of the instance in the request
 * @throws {ServingError} INVALID_ARGUMENT when it is neither; INVALID_BASE64 when the text is not base64
 */
export function readImageInstance(
  instance: unknown,
  where: string,
  options: ImageInstanceOptions,
): ImageSource | undefined {
  const { imageInput, isInput } = options;
  if (Array.isArray(instance)) return undefined;
  if (isJsonObject(instance)) {
    const names = Object.keys(instance).filter((name) => name !== "key" || isInput("key"));
    const name = names[0] ?? "";
    const value = instance[name];
    const isImageName = name === "image_bytes" || name === imageInput;
    if (names.length === 1 && name === "b64" && typeof value === "string") {
      return { bytes: decode(value, `${where}.b64`, options) };
    }
    if (names.length > 1 && names.includes("b64") && !names.some(isInput)) {
      const { key: _key, ...array } = instance;
      if (isArrayObject(array)) return readImage(array, where, options);
    }
    if (names.length === 1 && isImageName && !(isInput(name) && Array.isArray(value))) {
      return readImage(value, `${where}.${name}`, options);
    }
    if (names.some(isInput)) return undefined;
  }
  throw new ServingError(
    "INVALID_ARGUMENT",
    `${where}: expected {"image_bytes": {"b64": "<base64>"}}, got ${quoteJson(instance)}`,
  );
}

export interface ReadImageOptions {
  readonly dialect: Dialect;
  /** What was lifted out of the body, which its images may be. */
  readonly payloads?: Payloads | undefined;
}

export interface ImageInstanceOptions extends ReadImageOptions {
  readonly imageInput: string;
  /** Tells whether the model has an input of this name. */
  readonly isInput: (name: string) => boolean;
}

/**
 * Returns the image of B: `{"b64": "<base64>"}`, in /analyze also the bare base64 text, or a raw array,
 * `{"b64": "<base64>", "shape": [H, W, C], "dtype": "uint16", "layout": "HWC"}`.
 *
 * @param where path of B in the request
 * @throws {ServingError} INVALID_ARGUMENT when it is none of them or the array is not what it says; INVALID_BASE64 when the text is not base64
 */
export function readImage(value: unknown, where: string, options: ReadImageOptions): ImageSource {
  if (isBase64Object(value)) return { bytes: decode(value.b64, `${where}.b64`, options) };
  if (typeof value === "string" && options.dialect === "analyze") {
    return { bytes: decode(value, where, options) };
  }
  if (isArrayObject(value)) {
    const array = readArrayFormat(value, where);
    const bytes = decode(value.b64, `${where}.b64`, options);
    checkArrayBytes(bytes, array, where);
    return { bytes, array };
  }
  throw new ServingError(
    "INVALID_ARGUMENT",
    `${where}: expected {"b64": "<base64>"}, got ${quoteJson(value)}${hint(value)}`,
  );
}

function decode(
  text: string,
  where: string,
  { dialect, payloads }: ReadImageOptions,
): Uint8Array<ArrayBuffer> {
  const lifted = payloads?.take(text);
  if (lifted !== undefined) return lifted;
  return dialect === "tfs" ? decodeTfsBase64(text, where) : decodeBase64(text, where);
}

function hint(value: unknown): string {
  const isBuffer = isJsonObject(value) && value.type === "Buffer";
  if (isJsonObject(value) && Object.hasOwn(value, "b64")) return hint(value.b64);
  return isBuffer || Array.isArray(value) ? "; send the file's bytes as base64, not as a list" : "";
}
