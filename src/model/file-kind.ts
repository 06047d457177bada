import { excerpt } from "../errors.ts";

const EXPORT = "export the model to ONNX (torch.onnx.export)";
const DOWNLOAD = "download the file itself";

/** Files that people give for a model: what stands at an offset, what it is, what to do. */
const KINDS: readonly { at: number; magic: string; what: string; remedy: string }[] = [
  {
    at: 0,
    magic: "version https://git-lfs",
    what: "a Git LFS pointer, not the model",
    remedy: "run `git lfs pull`",
  },
  { at: 0, magic: "PK\x03\x04", what: "a zip archive, as PyTorch's .pt and .pth are", remedy: EXPORT },
  { at: 0, magic: "\x80\x02", what: "a Python pickle", remedy: EXPORT },
  { at: 0, magic: "\x80\x03", what: "a Python pickle", remedy: EXPORT },
  { at: 0, magic: "\x80\x04", what: "a Python pickle", remedy: EXPORT },
  { at: 0, magic: "\x80\x05", what: "a Python pickle", remedy: EXPORT },
  {
    at: 0,
    magic: "\x89HDF",
    what: "an HDF5 file, as Keras' .h5 are",
    remedy: "export the model to ONNX (tf2onnx)",
  },
  { at: 2, magic: "\0\0TFL3", what: "a TensorFlow Lite model", remedy: "export the model to ONNX (tf2onnx)" },
  { at: 2, magic: "\0\0ORTM", what: "in ORT format", remedy: "give the .onnx file that it was made from" },
  { at: 4, magic: '\0\0\0\0{"', what: "a safetensors file: weights without a graph", remedy: EXPORT },
  { at: 0, magic: "\x1f\x8b", what: "compressed with gzip", remedy: "unpack it" },
];

/**
 * Returns what a file is, and the remedy, when its first bytes show that it is no ONNX model: "a Git LFS
 * pointer, not the model: run `git lfs pull`". Returns undefined when it may be one.
 *
 * @param head the first 64 bytes or more, less if the file is shorter
 */
export function describeForeignFile(head: Uint8Array): string | undefined {
  if (head.length === 0) return "empty: export or copy it again";
  const text = Buffer.from(head).toString("latin1");
  const kind = KINDS.find(({ at, magic }) => text.startsWith(magic, at));
  if (kind !== undefined) return `${kind.what}: ${kind.remedy}`;
  // A model begins with its IR version, the bytes 8 and a small number: never with three printable characters.
  const beginning = text.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (!/^[\x20-\x7e]{3}/.test(beginning)) return undefined;
  if (/^<(!doctype html|html|head|body|!--|script)/i.test(beginning)) return `an HTML page: ${DOWNLOAD}`;
  return `a text file that begins ${JSON.stringify(excerpt(beginning))}: ${DOWNLOAD}`;
}
