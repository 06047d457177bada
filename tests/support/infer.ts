import http from "node:http";

/** The answer to an inference request: its JSON, and what stands behind it. */
export interface Inferred {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly json: Record<string, unknown>;
  /** Bytes of each binary output, by name. */
  readonly binaries: Readonly<Record<string, Buffer>>;
}

interface InferOptions {
  readonly headers?: http.OutgoingHttpHeaders;
  /** What stands behind the JSON. */
  readonly tail?: Uint8Array;
}

interface Output {
  readonly name: string;
  readonly parameters?: { readonly binary_data_size?: number };
}

/** Sends an inference request: JSON with what is to stand behind it, or a body of bytes as they are. */
export async function infer(
  url: string,
  body: object | Uint8Array,
  { headers = {}, tail }: InferOptions = {},
): Promise<Inferred> {
  const json = body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  const length = tail === undefined ? {} : { "Inference-Header-Content-Length": json.length };
  const sent = http.request(url, { method: "POST", headers: { ...length, ...headers } });
  sent.end(tail === undefined ? json : Buffer.concat([json, tail]));
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve).once("error", reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return split(response, Buffer.concat(chunks));
}

function split({ statusCode = 0, headers }: http.IncomingMessage, bytes: Buffer): Inferred {
  const stated = headers["inference-header-content-length"];
  const jsonBytes = stated === undefined ? bytes.length : Number(stated);
  const json = JSON.parse(bytes.toString("utf8", 0, jsonBytes)) as Record<string, unknown>;
  const binaries: Record<string, Buffer> = {};
  let at = jsonBytes;
  for (const { name, parameters } of (json.outputs ?? []) as Output[]) {
    const size = parameters?.binary_data_size;
    if (size === undefined) continue;
    binaries[name] = bytes.subarray(at, at + size);
    at += size;
  }
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are no output's`);
  return { status: statusCode, headers, json, binaries };
}
