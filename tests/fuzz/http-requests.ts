import fc from "fast-check";
import { encodedBodies } from "./encoded-bodies.ts";
import type { FuzzModel } from "./fuzz-model.ts";
import { imageBytes } from "./image-bytes.ts";
import { jsonBodies } from "./json-bodies.ts";
import { multipartBodies } from "./multipart-bodies.ts";
import { oddHeader, oddRequestLine, PREDICT_TARGETS } from "./odd-heads.ts";
import { framedRequest, type RequestParts, type WireRequest } from "./wire-request.ts";

/** A body with the headers that go with it. */
export interface FuzzBody {
  readonly headers: RequestParts["headers"];
  readonly body: Buffer;
}

/** Returns requests to a model that are whole HTTP, whatever is in them. */
export function httpRequests(model: FuzzModel, collection: readonly Buffer[]): fc.Arbitrary<WireRequest> {
  const image = imageBytes(collection);
  const json = jsonBodies(model.takes, image);
  const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  return fc.oneof(
    { weight: 45, arbitrary: predictions("JSON", plain(json)) },
    { weight: 25, arbitrary: predictions("image", plain(image)) },
    { weight: 8, arbitrary: predictions("multipart", multipartBodies(image)) },
    { weight: 8, arbitrary: predictions("encoded", encodedBodies(fc.oneof(json, image))) },
    { weight: 2, arbitrary: predictions("bytes", plain(garbage)) },
    { weight: 12, arbitrary: oddHeads(json) },
  );
}

function plain(bodies: fc.Arbitrary<Buffer>): fc.Arbitrary<FuzzBody> {
  return bodies.map((body) => ({ headers: [], body }));
}

function predictions(label: string, bodies: fc.Arbitrary<FuzzBody>): fc.Arbitrary<WireRequest> {
  const more = fc.option(fc.array(oddHeader, { maxLength: 2 }), { nil: [], freq: 3 });
  return fc
    .record({ target: fc.constantFrom(...PREDICT_TARGETS), sent: bodies, more })
    .map(({ target, sent: { headers, body }, more }) =>
      framedRequest({ label, method: "POST", target, headers: [...headers, ...more], body }),
    );
}

function oddHeads(bodies: fc.Arbitrary<Buffer>): fc.Arbitrary<WireRequest> {
  const body = fc.option(bodies, { nil: Buffer.alloc(0), freq: 2 });
  return fc
    .record({ line: oddRequestLine, headers: fc.array(oddHeader, { maxLength: 4 }), body })
    .map(({ line, headers, body }) => framedRequest({ label: "head", ...line, headers, body }));
}
