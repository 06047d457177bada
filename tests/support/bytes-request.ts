import http from "node:http";

export interface BytesAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Sends one POST and reads its answer, as the bytes that came. */
export function postForBytes(
  url: string,
  body: Uint8Array | string,
  headers: http.OutgoingHttpHeaders = {},
): Promise<BytesAnswer> {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes: Buffer.concat(chunks),
        });
      });
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
