import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import { framedRequest, type WireRequest } from "./wire-request.ts";

/** A model to serve, and how it is asked. */
export interface FuzzModel {
  readonly name: string;
  readonly folder: string;
  /** Of all requests. The shares add up to 1. */
  readonly share: number;
  /** Takes images, or tensors alone. */
  readonly takes: "images" | "tensors";
  /** Good requests, whose answers must stay what they are at the start. */
  readonly known: readonly WireRequest[];
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Returns the models that are fuzzed; the one of tensors is written to a temporary folder, which stays. */
export function fuzzModels(): readonly FuzzModel[] {
  const digits = readImages(join(ROOT, "model_dir/samples"), ".png");
  const scenes = readImages(join(ROOT, "examples/segmentation/samples"), ".jpg");
  return [
    {
      name: "classifier",
      folder: join(ROOT, "model_dir"),
      share: 0.6,
      takes: "images",
      known: [
        rawImage(digits[0] as Buffer),
        json("/analyze:predict", { instances: digits.map((digit) => ({ image_bytes: b64(digit) })) }),
        json("/v1/models/model:predict", { instances: digits.slice(0, 3).map(b64), signature_name: "top_k" }),
        json("/v1/models/model:predict", { inputs: [b64(digits[5] as Buffer)] }),
      ],
    },
    {
      name: "segmentation",
      folder: join(ROOT, "examples/segmentation"),
      share: 0.2,
      takes: "images",
      known: [
        rawImage(scenes[0] as Buffer),
        json("/analyze:predict", {
          instances: scenes.slice(0, 2).map((scene) => ({ image_bytes: b64(scene) })),
          signature_name: "mask_png",
        }),
      ],
    },
    {
      name: "tensors",
      folder: writeTensorModel(),
      share: 0.2,
      takes: "tensors",
      known: [
        json("/v1/models/model:predict", { instances: [tensorInstance(1), tensorInstance(2)] }),
        json("/analyze:predict", { instances: [tensorInstance(3)] }),
        json("/v1/models/model:predict", { inputs: { a: [[0.1, 0.2]], b: [9007199254740991], c: ["c"] } }),
      ],
    },
  ];
}

/** Returns an instance of the model of tensors. */
export function tensorInstance(number: number): Record<string, unknown> {
  return { a: [number / 10, -number], b: number, c: `text ${number}` };
}

/** Inputs of three types, each read in its own way. Shapes: a float32 [N, 2], b int64 [N], c string [N]. */
function writeTensorModel(): string {
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-fuzz-"));
  const model = writeModel({
    inputs: [value("a", "float32", ["N", 2]), value("b", "int64", ["N"]), value("c", "string", ["N"])],
    outputs: [
      value("doubled", "float32", ["N", 2]),
      value("number", "int64", ["N"]),
      value("text", "string", ["N"]),
    ],
    nodes: [
      node("Add", ["a", "a"], ["doubled"]),
      node("Identity", ["b"], ["number"]),
      node("Identity", ["c"], ["text"]),
    ],
  });
  writeFileSync(join(folder, "model.onnx"), model);
  return folder;
}

function readImages(folder: string, ending: string): Buffer[] {
  const names = readdirSync(folder).filter((name) => /^\d+\.\w+$/.test(name) && name.endsWith(ending));
  return names.sort().map((name) => readFileSync(join(folder, name)));
}

function b64(bytes: Buffer): { b64: string } {
  return { b64: bytes.toString("base64") };
}

function rawImage(body: Buffer): WireRequest {
  return framedRequest({
    label: "known image",
    method: "POST",
    target: "/analyze:predict",
    headers: [],
    body,
  });
}

function json(target: string, body: unknown): WireRequest {
  const bytes = Buffer.from(JSON.stringify(body));
  return framedRequest({ label: "known JSON", method: "POST", target, headers: [], body: bytes });
}
