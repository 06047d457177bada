import http from "node:http";

export interface LinesAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Every line, parsed, in the order in which they came. */
  readonly lines: Record<string, unknown>[];
}

export interface LinesRequest {
  /** Sends lines of its own accord, both directions at once; resolves when the answer is complete. */
  readonly answer: Promise<LinesAnswer>;
  readonly request: http.ClientRequest;
  /** Resolves with the next line that has come and was not yet taken. */
  next(): Promise<Record<string, unknown>>;
}

/** Opens a request whose body is written line by line. */
export function openLines(url: string, headers: http.OutgoingHttpHeaders = {}): LinesRequest {
  const lines: Record<string, unknown>[] = [];
  let taken = 0;
  let wake = () => {};
  const request = http.request(url, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", ...headers },
  });
  const answer = new Promise<LinesAnswer>((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response) => {
      let rest = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        const parts = (rest + text).split("\n");
        rest = parts.pop() ?? "";
        for (const part of parts) lines.push(JSON.parse(part));
        wake();
      });
      response.once("error", reject);
      response.once("end", () => {
        if (rest !== "") lines.push(JSON.parse(rest));
        resolve({ status: response.statusCode ?? 0, headers: response.headers, lines });
      });
    });
  });
  answer.catch(() => {});
  return {
    answer,
    request,
    next: async () => {
      while (taken >= lines.length) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return lines[taken++] as Record<string, unknown>;
    },
  };
}

/** Sends a whole body of lines, an object as JSON, and reads its answer. */
export function askLines(
  url: string,
  lines: readonly unknown[],
  headers: http.OutgoingHttpHeaders = {},
): Promise<LinesAnswer> {
  const { request, answer } = openLines(url, headers);
  request.end(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
  return answer;
}

/** Returns the lines by the index that each names. */
export function byIndex(lines: readonly Record<string, unknown>[]): Map<number, Record<string, unknown>> {
  return new Map(lines.map(({ index, ...rest }) => [index as number, rest]));
}
