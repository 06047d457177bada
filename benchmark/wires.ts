import { randomBytes } from "node:crypto";

/** One way to send tiles and to read the answer. */
export interface Wire {
  readonly path: string;
  /** Returns a request that holds `tiles`, JPEG each, in order. */
  readonly request: (tiles: readonly Buffer[]) => WireRequest;
  /** Returns the class of each tile, in order; NaN where the answer holds something else. */
  readonly classes: (answer: string) => number[];
}

export interface WireRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the load client can speak: our own dialect, and those of the peers. Each is one POST for all tiles. */
export const WIRES = {
  /** Ours and fastai-serving's. Without a Content-Type, as chip-n-scale's `requests.post(url, data=text)`. */
  analyze: {
    path: "/analyze:predict",
    request: (tiles) => ({ headers: {}, body: instances(tiles, (b64) => ({ image_bytes: { b64 } })) }),
    classes: predictions,
  },
  /** LitServe's own path; the body is the program's choice. */
  predict: {
    path: "/predict",
    request: (tiles) => ({ headers: JSON_TYPE, body: instances(tiles, (b64) => ({ image_bytes: { b64 } })) }),
    classes: predictions,
  },
  /** TorchServe with `service_envelope=json`: TensorFlow Serving's body. */
  torchserve: {
    path: "/predictions/tiles",
    request: (tiles) => ({ headers: JSON_TYPE, body: instances(tiles, (b64) => ({ b64 })) }),
    classes: predictions,
  },
  /** KServe's first protocol: TensorFlow Serving's body and path. */
  v1: {
    path: "/v1/models/tiles:predict",
    request: (tiles) => ({ headers: JSON_TYPE, body: instances(tiles, (b64) => ({ b64 })) }),
    classes: predictions,
  },
  /** Open Inference Protocol, images as base64 in JSON. */
  v2: {
    path: "/v2/models/tiles/infer",
    request: (tiles) => {
      const data = tiles.map((tile) => tile.toString("base64"));
      const parameters = { content_type: "base64" };
      const input = { name: "image", shape: [tiles.length, 1], datatype: "BYTES", parameters, data };
      return { headers: JSON_TYPE, body: json({ inputs: [input] }) };
    },
    classes: outputs,
  },
  /** Open Inference Protocol with the binary tensor extension: each image after its length, behind the JSON. */
  v2Binary: {
    path: "/v2/models/tiles/infer",
    request: (tiles) => {
      const data = Buffer.concat(tiles.flatMap((tile) => [lengthPrefix(tile), tile]));
      const parameters = { binary_data_size: data.length };
      const input = { name: "image", shape: [tiles.length, 1], datatype: "BYTES", parameters };
      const head = json({ inputs: [input], outputs: [{ name: "class" }] });
      const headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": String(head.length),
      };
      return { headers, body: Buffer.concat([head, data]) };
    },
    classes: outputs,
  },
  /** BentoML's form: one part for each image of the list. */
  multipart: {
    path: "/predict",
    request: (tiles) => {
      const boundary = randomBytes(16).toString("hex");
      const parts = tiles.flatMap((tile, i) => [
        Buffer.from(
          `--${boundary}\r\nContent-Disposition: form-data; name="images"; filename="${i}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`,
        ),
        tile,
        Buffer.from("\r\n"),
      ]);
      const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
      return { headers: { "Content-Type": `multipart/form-data; boundary=${boundary}` }, body };
    },
    classes: (answer) => numbers(JSON.parse(answer)),
  },
} as const satisfies Record<string, Wire>;

export type WireName = keyof typeof WIRES;

const JSON_TYPE = { "Content-Type": "application/json" };

function instances(tiles: readonly Buffer[], instance: (b64: string) => unknown): Buffer {
  return json({ instances: tiles.map((tile) => instance(tile.toString("base64"))) });
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** BYTES elements are led by their length: 4 bytes, little-endian. */
function lengthPrefix(tile: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(tile.length);
  return prefix;
}

function predictions(answer: string): number[] {
  return numbers((JSON.parse(answer) as { predictions?: unknown }).predictions);
}

function outputs(answer: string): number[] {
  const { outputs: tensors } = JSON.parse(answer) as { outputs?: { data?: unknown }[] };
  return numbers(tensors?.[0]?.data);
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map((one) => (Number.isInteger(one) ? one : Number.NaN)) : [];
}
