import { createHash } from "node:crypto";
import { request } from "../support/http-client.ts";
import { type FolderFiles, writeModelFolder } from "../support/model-folder.ts";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import type { Answer } from "./judge-answer.ts";

const SIZE = ["N", 3, "H", "W"] as const;

const FILES: FolderFiles = {
  "model.onnx": writeModel({
    inputs: [value("image", "uint8", SIZE)],
    outputs: [value("pixels", "uint8", SIZE)],
    nodes: [node("Identity", ["image"], ["pixels"])],
  }),
};

/** Writes the folder of a model that answers an image with its pixels, of whatever size. The caller removes it. */
export function writePixelEcho(): string {
  return writeModelFolder(FILES);
}

/** Sends an image to a server of that model: as the body, or in base64 where a body would not be taken for an image. */
export async function askPixels(
  url: string,
  bytes: Buffer,
  { asBody }: { asBody: boolean },
): Promise<Answer> {
  const body = asBody ? bytes : { instances: [{ image_bytes: { b64: bytes.toString("base64") } }] };
  const { status, json } = await request(`${url}/v1/models/model:predict`, { body });
  if (status !== 200)
    return { code: status < 500 ? String(json.code) : `HTTP ${status}`, message: String(json.error) };
  const [planes] = json.predictions as [number[][][]];
  const [height, width] = [planes[0]?.length ?? 0, planes[0]?.[0]?.length ?? 0];
  const pixels = Buffer.alloc(height * width * 3);
  for (const [channel, rows] of planes.entries()) {
    for (const [y, row] of rows.entries()) {
      for (const [x, level] of row.entries()) pixels[(y * width + x) * 3 + channel] = level;
    }
  }
  return { height, width, sha256: createHash("sha256").update(pixels).digest("hex") };
}
