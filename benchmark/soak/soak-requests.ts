import { gzipSync } from "node:zlib";
import type { SoakImage } from "./soak-images.ts";

/** One request of the soak, and what becomes of it. */
export interface SoakRequest {
  readonly kind: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent on a POST: it is announced and never sent. */
  readonly body?: Buffer;
  /** What a sound server may answer, besides 503 and 504 where it has too much to do. */
  readonly statuses: readonly number[];
  /** The client leaves: with half of the body sent, or so long after all of it. */
  readonly leaves?: { readonly when: "uploading" } | { readonly when: "waiting"; readonly afterMs: number };
}

export interface SoakRequestOptions {
  /** Small ones first. */
  readonly images: readonly SoakImage[];
  /** All that the model offers. */
  readonly signatures: readonly string[];
  /** Of numbers in [0, 1). */
  readonly random: () => number;
}

/** Kinds of requests by how often they come, in all 100. */
const MIX: readonly (readonly [number, (draw: Draw) => SoakRequest])[] = [
  [47, (draw) => draw.instances("images")],
  [8, (draw) => draw.single()],
  [8, (draw) => draw.raw()],
  [4, (draw) => draw.multipart()],
  [6, (draw) => draw.tensorFlowServing()],
  [7, (draw) => ({ ...zipped(draw.instances("images")), kind: "gzip" })],
  [5, (draw) => draw.withBadImage()],
  [2, (draw) => draw.badImageAlone()],
  [2, (draw) => draw.badJson()],
  [1, (draw) => draw.tooManyInstances()],
  [1, () => announced(2 ** 27)],
  [2, (draw) => ({ ...draw.instances("left uploading"), leaves: { when: "uploading" } })],
  [3, (draw) => draw.leaving(5)],
  [2, (draw) => draw.leaving(200)],
  [1, () => get("/analyze", 200)],
  [1, () => get("/nowhere", 404)],
];

/** Half of the requests hold one image, few hold many. */
const COUNTS = [1, 1, 1, 1, 1, 2, 3, 5, 10, 40];
/** Requests of more images than this hold tiles, not photographs. */
const MANY = 5;
const TILE_PIXELS = 256 * 256;
/** What a client that does not look at what it downloads sends. */
const HTML = Buffer.from("<!DOCTYPE html><html><title>502 Bad Gateway</title></html>");

/** Returns a function that makes the next request: the same ones for the same numbers. */
export function soakRequests(options: SoakRequestOptions): () => SoakRequest {
  const draw = new Draw(options);
  return () => {
    let at = options.random() * 100;
    for (const [weight, make] of MIX) {
      at -= weight;
      if (at < 0) return make(draw);
    }
    return draw.instances("images");
  };
}

class Draw {
  readonly #options: SoakRequestOptions;
  readonly #tiles: readonly SoakImage[];

  constructor(options: SoakRequestOptions) {
    this.#options = options;
    this.#tiles = options.images.filter(({ pixels }) => pixels <= TILE_PIXELS);
  }

  instances(kind: string): SoakRequest {
    const count = this.#of(COUNTS);
    return analyze(kind, 200, { ...this.#signature(), instances: this.#images(count).map(instance) });
  }

  single(): SoakRequest {
    const [image] = this.#images(1);
    return analyze("one image", 200, { ...this.#signature(), image_bytes: b64(image) });
  }

  raw(): SoakRequest {
    return post("/analyze:predict", { kind: "raw image", body: this.#image(), statuses: [200] });
  }

  multipart(): SoakRequest {
    const [boundary, line] = ["soak", "\r\n"];
    const head = `--${boundary}${line}Content-Disposition: form-data; name="file"; filename="a"${line}${line}`;
    const body = Buffer.concat([
      Buffer.from(head),
      this.#image(),
      Buffer.from(`${line}--${boundary}--${line}`),
    ]);
    const headers = { "Content-Type": `multipart/form-data; boundary=${boundary}` };
    return { ...post("/analyze:predict", { kind: "multipart", body, statuses: [200] }), headers };
  }

  tensorFlowServing(): SoakRequest {
    const text = { ...this.#signature(), instances: this.#images(this.#of(COUNTS)).map(b64) };
    return post("/v1/models/model:predict", { kind: "/v1", body: json(text), statuses: [200] });
  }

  /** Reported in its place; where it is alone, the request fails. */
  withBadImage(): SoakRequest {
    const images = this.#images(this.#of(COUNTS));
    const at = Math.floor(this.#options.random() * images.length);
    const instances = images.map((image, i) => instance(i === at ? this.#broken(image) : image));
    const status = images.length === 1 ? 400 : 200;
    return analyze("a bad image among others", status, { instances });
  }

  badImageAlone(): SoakRequest {
    const body = this.#options.random() < 0.5 ? HTML : this.#broken(this.#image());
    return post("/analyze:predict", { kind: "a bad image", body, statuses: [400] });
  }

  badJson(): SoakRequest {
    const { body } = this.instances("bad JSON");
    const cut = (body as Buffer).subarray(0, -2);
    return post("/analyze:predict", { kind: "bad JSON", body: cut, statuses: [400] });
  }

  tooManyInstances(): SoakRequest {
    return analyze("too many instances", 413, { instances: Array.from({ length: 1025 }, () => ({})) });
  }

  leaving(withinMs: number): SoakRequest {
    const afterMs = withinMs * this.#options.random();
    return { ...this.instances("left waiting"), leaves: { when: "waiting", afterMs } };
  }

  #signature(): { signature_name?: string } {
    return this.#options.random() < 0.4 ? {} : { signature_name: this.#of(this.#options.signatures) };
  }

  #images(count: number): Buffer[] {
    return Array.from({ length: count }, () => this.#image(count > MANY ? this.#tiles : undefined));
  }

  /** More often a small one. */
  #image(images = this.#options.images): Buffer {
    return (images[Math.floor(images.length * this.#options.random() ** 1.5)] as SoakImage).bytes;
  }

  /** Cut off, or the page of a proxy that had no image. */
  #broken(image: Buffer): Buffer {
    return this.#options.random() < 0.5 ? HTML : image.subarray(0, Math.ceil(image.length / 3));
  }

  #of<Value>(values: readonly Value[]): Value {
    return values[Math.floor(values.length * this.#options.random())] as Value;
  }
}

function post(
  path: string,
  request: Pick<SoakRequest, "kind" | "statuses"> & { readonly body: Buffer },
): SoakRequest {
  return { method: "POST", path, headers: {}, ...request };
}

function analyze(kind: string, status: number, body: object): SoakRequest {
  return post("/analyze:predict", { kind, body: json(body), statuses: [status] });
}

function zipped(request: SoakRequest): SoakRequest {
  const body = gzipSync(request.body as Buffer, { level: 1 });
  return { ...request, body, headers: { "Content-Encoding": "gzip" } };
}

function announced(bytes: number): SoakRequest {
  const headers = { "Content-Length": String(bytes) };
  return {
    kind: "a body too large",
    method: "POST",
    path: "/analyze:predict",
    headers,
    statuses: [413],
  };
}

function get(path: string, status: number): SoakRequest {
  return { kind: `GET ${path}`, method: "GET", path, headers: {}, statuses: [status] };
}

function instance(image: Buffer): object {
  return { image_bytes: b64(image) };
}

function b64(image: Buffer | undefined): object {
  return { b64: image?.toString("base64") };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
