import { type Agent, request as open } from "node:http";
import type { SoakRequest } from "./soak-requests.ts";

/** What became of a request: its status, "left", or the name of the fault. */
export interface SoakOutcome {
  readonly what: string;
  /** A sound server does that; else what it said. */
  readonly fault?: string;
}

/** The server has too much to do. */
const REFUSALS = [503, 504];

/** Sends a request to a server on this machine, or begins to and leaves. Never rejects. */
export function sendSoakRequest(agent: Agent, port: number, request: SoakRequest): Promise<SoakOutcome> {
  const { kind, method, path, body, leaves, statuses } = request;
  return new Promise((resolve) => {
    const length = body === undefined ? {} : { "Content-Length": body.length };
    const headers = { ...length, ...request.headers };
    const sent = open({ agent, port, host: "127.0.0.1", method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", fail);
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        const isFine = statuses.includes(status) || REFUSALS.includes(status);
        const text = Buffer.concat(chunks).toString("utf8", 0, 200);
        resolve({ what: String(status), ...(isFine ? {} : { fault: `${kind}: ${status} ${text}` }) });
        if (body === undefined && method === "POST") sent.destroy();
      });
    });
    const leave = () => {
      sent.destroy();
      resolve({ what: "left" });
    };
    const fail = (error: NodeJS.ErrnoException) =>
      resolve({ what: error.code ?? error.message, fault: `${kind}: ${error.message}` });
    sent.on("error", fail);
    if (body === undefined) {
      if (method === "POST") sent.flushHeaders();
      else sent.end();
    } else if (leaves?.when === "uploading") {
      sent.write(body.subarray(0, Math.ceil(body.length / 2)), leave);
    } else {
      sent.end(body);
      if (leaves !== undefined) sent.on("finish", () => setTimeout(leave, leaves.afterMs));
    }
  });
}
