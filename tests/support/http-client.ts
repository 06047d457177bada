import http from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  readonly json: Record<string, unknown>;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  /** An object is sent as JSON text. */
  readonly body?: Uint8Array | string | object;
  readonly agent?: http.Agent;
  readonly signal?: AbortSignal;
}

/**
 * Sends one request and reads its answer. Sets no Content-Type, as chip-n-scale's Lambda does not.
 * A body makes it a POST.
 */
export function request(url: string, options: RequestOptions = {}): Promise<Answer> {
  const { body, method = body === undefined ? "GET" : "POST", ...rest } = options;
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method, ...rest }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          get json() {
            return JSON.parse(text) as Record<string, unknown>;
          },
        });
      });
    });
    sent.once("error", reject);
    sent.end(typeof body === "string" || body instanceof Uint8Array ? body : body && JSON.stringify(body));
  });
}
