import { readFile, stat } from "node:fs/promises";
import { ImageError, type ImageSource } from "../client/image-source.ts";

/** Returns a file as an image to be read. What is wrong with it is said when it is read. */
export async function imageFile(name: string, maxBytes: number): Promise<ImageSource> {
  try {
    const found = await stat(name);
    if (!found.isFile()) return unreadable(name, new ImageError("UNREADABLE", "it is no file"));
    if (found.size > maxBytes) {
      const message = `the file has ${found.size} bytes, and --max-file-bytes is ${maxBytes}`;
      return unreadable(name, new ImageError("FILE_TOO_LARGE", message));
    }
    return { name, byteLength: found.size, read: () => readFile(name).catch(fail) };
  } catch (error) {
    return unreadable(name, toImageError(error));
  }
}

function unreadable(name: string, error: ImageError): ImageSource {
  return { name, byteLength: 0, read: () => Promise.reject(error) };
}

function fail(error: unknown): never {
  throw toImageError(error);
}

function toImageError(error: unknown): ImageError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new ImageError("UNREADABLE", code === "ENOENT" ? "there is no such file" : (code ?? message));
}
