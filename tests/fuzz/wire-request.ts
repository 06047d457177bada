/** A request as the bytes that go over the wire. */
export interface WireRequest {
  /** What kind it is, for the report. */
  readonly label: string;
  readonly bytes: Buffer;
  /** Its head says truly where it ends: the connection can be used again. */
  readonly isFramed: boolean;
  /** The answer's head has the length of a body that does not come. */
  readonly isHead: boolean;
  /** The client ends its side before the answer, where the request is not framed. */
  readonly hangsUp: boolean;
}

export interface RequestParts {
  readonly label: string;
  readonly method: string;
  readonly target: string;
  /** Besides Host and Content-Length, in order; names may repeat. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** Returns a request whose length is what it says; header values are written as Latin-1. */
export function framedRequest({ label, method, target, headers, body }: RequestParts): WireRequest {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${body.length}`,
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return {
    label,
    bytes: Buffer.concat([head, body]),
    isFramed: true,
    isHead: method === "HEAD",
    hangsUp: false,
  };
}
