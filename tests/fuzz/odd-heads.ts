import fc from "fast-check";

/** Where predictions are asked for. */
export const PREDICT_TARGETS: readonly string[] = [
  "/analyze:predict",
  "/v1/models/model:predict",
  "/v1/models/model/versions/1:predict",
];

const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
  "QUERY",
  "M-SEARCH",
];

const TARGETS: readonly string[] = [
  ...PREDICT_TARGETS,
  ...[
    "/",
    "*",
    "/analyze",
    "/analyze/",
    "//analyze",
    "/analyze%3Apredict",
    "/analyzeXpredict",
    "/livez",
    "/readyz",
    "/models",
    "/invocations",
    "/execution-parameters",
  ],
  ...["/ping", "/metrics", "/monitoring/prometheus/metrics", "/v1/models/model", "/v1/models/model/metadata"],
  ...[
    "/v1/models",
    "/v1/models/",
    "/v1/models/model/labels/x:predict",
    "/v1/models/__proto__",
    "/v1/models/model:x",
  ],
  ...["/v1/models/model/versions/0001", "/v1/models/model/versions/99999999999999999999999:predict"],
  ...[
    "/v1/models/%00",
    "/v1/models/%E0%A4%A",
    "/v1/models/..%2f..%2fetc%2fpasswd",
    "/%",
    "/%ff",
    "/../../etc/passwd",
  ],
  ...[
    "/analyze:predict?x=1",
    "/analyze:predict?__proto__[x]=1",
    "/v1/models/model:predict?x",
    "/?%",
    "/analyze#x",
  ],
  ...["http://localhost/livez", "http://[::1/livez", "http://a:b@c:99999/analyze", "//[/livez", "/\\..\\x"],
  `/${"a".repeat(9000)}`,
  `/v1/models/${"m".repeat(3000)}:predict`,
  `/v1/models/${"%25".repeat(500)}`,
];

const HEADERS: readonly (readonly [string, string])[] = [
  ["Content-Type", "application/json"],
  ["Content-Type", "application/json; charset=utf-7"],
  ["Content-Type", "multipart/form-data"],
  ["Content-Type", "multipart/form-data; boundary="],
  ["Content-Type", `multipart/form-data; boundary=${"b".repeat(4000)}`],
  ["Content-Type", `text/${";a=".repeat(2000)}`],
  ["Content-Type", "\xff\xfe"],
  ["Content-Encoding", "gzip"],
  ["Content-Encoding", "gzip, gzip"],
  ["Content-Encoding", "identity"],
  ["Content-Encoding", "__proto__"],
  ["Content-Encoding", "zstd"],
  ["Accept", "text/html"],
  ["Accept-Encoding", "gzip"],
  ["Origin", "https://a.example"],
  ["Origin", "null"],
  ["Access-Control-Request-Method", "POST"],
  ["Access-Control-Request-Headers", "x".repeat(3000)],
  ["X-Request-Id", "plain-1"],
  ["X-Request-Id", "two words\x1b[31m"],
  ["X-Forwarded-For", "169.254.169.254"],
  ["Connection", "close"],
  ["Connection", "Upgrade"],
  ["Upgrade", "h2c"],
  ["Expect", "100-continue"],
  ["Expect", "x"],
  ["Range", "bytes=0-1"],
  ["If-None-Match", "*"],
  ["Cookie", "c=".repeat(1000)],
  ["__proto__", "x"],
  ["constructor", "x"],
];

/** A header that any request may have. */
export const oddHeader: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...HEADERS) },
  fc.tuple(
    fc.stringMatching(/^x-[a-z]{1,8}$/),
    fc
      .string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) })
      .map(withoutDelete),
  ),
);

/** DEL is the one character of that range that a header can't hold. */
function withoutDelete(text: string): string {
  return text.replaceAll("\x7f", "");
}

/** A method and a target that may not fit each other. */
export const oddRequestLine: fc.Arbitrary<{ method: string; target: string }> = fc.record({
  method: fc.constantFrom(...METHODS),
  target: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...TARGETS) },
    { weight: 2, arbitrary: fc.webPath().map((path) => path || "/") },
    { weight: 1, arbitrary: fc.stringMatching(/^\/[!-~]{0,40}$/) },
  ),
});
