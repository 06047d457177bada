import { ServingError } from "../errors.ts";
import { decodeBase64 } from "./base64.ts";

/**
 * Returns what {@link decodeBase64} does; the message begins as TensorFlow Serving's.
 *
 * @throws {ServingError} INVALID_BASE64 as there
 */
export function decodeTfsBase64(text: string, where: string): Uint8Array<ArrayBuffer> {
  try {
    return decodeBase64(text, where);
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    throw new ServingError(error.code, `Unable to base64 decode: ${error.message}`);
  }
}
