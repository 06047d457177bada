import fc from "fast-check";
import type { Context } from "koa";
import { describe, expect, test, vi } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import type { RequestPlace } from "../../../src/http/dialect.ts";
import { ANALYZE_FORM } from "../../../src/http/dialects/analyze.ts";
import { TENSORFLOW_SERVING_FORM } from "../../../src/http/dialects/tensorflow-serving.ts";
import { identifyBody } from "../../../src/http/identify-body.ts";
import { loadJsonParser, parseJsonText } from "../../../src/http/parse-json-text.ts";
import { type JsonForm, readRequest } from "../../../src/http/read-request.ts";
import { parseEnvelope } from "../../../src/protocol/parse-json.ts";
import type { ModelInputs, PredictRequest } from "../../../src/protocol/predict-request.ts";
import { chooseSignature } from "../../../src/signature/choose-signature.ts";
import type { Head } from "../../../src/signature/head.ts";
import { seen } from "../protocol/error-of.ts";

const MAX_INSTANCES = 3;
const HEAD: Head = { task: "classification", output: "y", classes: 2, activation: "softmax" };
const IMAGES: ModelInputs = {
  inputs: [{ name: "pixels", dtype: "float32", shape: ["N", 3, 2, 2] }],
  imageInput: "pixels",
  batching: "rows",
};
const INTEGERS: ModelInputs = {
  ...IMAGES,
  inputs: [{ name: "pixels", dtype: "uint8", shape: ["N", 2] }],
};
const TEXTS: ModelInputs = { inputs: [{ name: "pixels", dtype: "string", shape: ["N"] }], batching: "rows" };

const CONTEXT = { request: { is: () => false } } as unknown as Context;

function place(modelInputs: ModelInputs): RequestPlace {
  return {
    ctx: CONTEXT,
    settings: { maxInstances: MAX_INSTANCES, maxEnqueuedInstances: 100 },
    model: () => ({ servable: { head: HEAD, modelInputs } }),
  } as unknown as RequestPlace;
}

function image(bytes: number, seed = 1): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 31 + seed * 7) % 251));
}

describe("readRequest", () => {
  test.each([
    ["analyze", ANALYZE_FORM],
    ["tfs", TENSORFLOW_SERVING_FORM],
  ])("keeps the images from the JSON parser, %s", async (_, form) => {
    await loadJsonParser();
    const parse = vi.spyOn(JSON, "parse");
    const images = [image(50_000), image(900, 2)];
    const instances = images.map((bytes) => ({ image_bytes: { b64: bytes.toString("base64") } }));
    const body = Buffer.from(JSON.stringify({ signature_name: "scores", instances }));
    const { request, signature } = await readRequest(place(IMAGES), body, form);
    const lengths = parse.mock.calls.map(([text]) => text.length);
    parse.mockRestore();
    expect(lengths).toEqual([expect.any(Number)]);
    expect(lengths[0]).toBeLessThan(200);
    expect(signature).toBe("scores");
    expect(request.inputs).toEqual({
      kind: "instances",
      instances: images.map((bytes) => ({ kind: "image", bytes: new Uint8Array(bytes) })),
    });
  });

  test("returns or throws what the ordinary parser does, for bodies of all kinds", async () => {
    const paths = { lifted: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(
        bodies(),
        fc.constantFrom(ANALYZE_FORM, TENSORFLOW_SERVING_FORM),
        fc.constantFrom(IMAGES, INTEGERS, TEXTS),
        async (body, form, model) => {
          const expected = await outcomeOf(() => readOrdinary(body, form, model));
          const got = await outcomeOf(() => readRequest(place(model), body, form));
          expect(got).toEqual(expected);
          if ("error" in got) paths.failed += 1;
          else paths.lifted += 1;
        },
      ),
      { numRuns: 1_000 },
    );
    // Both ends of the way are walked.
    expect(paths.lifted).toBeGreaterThan(100);
    expect(paths.failed).toBeGreaterThan(100);
  });
});

async function readOrdinary(body: Buffer<ArrayBuffer>, form: JsonForm, model: ModelInputs) {
  await identifyBody(CONTEXT, body);
  const { value, text } = await parseJsonText(CONTEXT, body);
  const envelope = parseEnvelope(value, text);
  const isSingle = !Object.hasOwn(envelope.body, "instances");
  const signature = chooseSignature(HEAD, {
    named: envelope.signatureName,
    serverDefault: undefined,
    dialectDefault: form.defaultSignature(isSingle),
  });
  return { request: form.parse(envelope, model, { maxInstances: MAX_INSTANCES }), signature };
}

/** What a caller can see of it, errors of instances included. */
async function outcomeOf(read: () => Promise<{ request: PredictRequest; signature: string }>) {
  try {
    const { request, signature } = await read();
    const { inputs } = request;
    if (inputs.kind === "tensors") return { request, signature };
    const instances = inputs.instances.map((one) =>
      one.kind === "bad" ? { ...one, error: seen(one.error) } : one,
    );
    return { request: { ...request, inputs: { ...inputs, instances } }, signature };
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    return { error: seen(error) };
  }
}

/** Bodies as clients send them, bodies with something odd, and bodies with some bytes changed. */
function bodies(): fc.Arbitrary<Buffer<ArrayBuffer>> {
  const plain = fc
    .record({ size: fc.integer({ min: 370, max: 700 }), seed: fc.nat(200) })
    .map(({ size, seed }) => image(size, seed).toString("base64"));
  const odd = fc.constantFrom("aGVsbG8=", "\0", "\u00000", "\u00001", "0", "é", 'a"b', "a\\b", "__proto__");
  const text = fc.oneof(
    { weight: 12, arbitrary: plain },
    {
      weight: 1,
      arbitrary: plain.map((b64) => b64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")),
    },
    { weight: 1, arbitrary: plain.map((b64) => b64.replace(/=*$/, "-_+/")) },
    { weight: 1, arbitrary: plain.map((b64) => `data:image/png;base64,${b64}`) },
    { weight: 1, arbitrary: plain.map((b64) => b64.replace(/.{76}/g, "$& ")) },
    { weight: 1, arbitrary: odd },
  );
  const b = fc.oneof(
    { weight: 6, arbitrary: fc.record({ b64: text }) },
    { weight: 1, arbitrary: text },
    {
      weight: 1,
      arbitrary: fc.record({ b64: fc.constant(image(400).toString("base64")), shape: fc.constant([20, 20]) }),
    },
  );
  const instance = fc.oneof(
    { weight: 8, arbitrary: fc.record({ image_bytes: b }) },
    { weight: 4, arbitrary: fc.record({ pixels: b, key: fc.oneof(fc.nat(), odd) }) },
    { weight: 4, arbitrary: b },
    { weight: 1, arbitrary: fc.record({ image_bytes: b, key: text }) },
    { weight: 1, arbitrary: fc.record({ pixels: fc.constantFrom([1, 2], [1, 2.5], [[1]], "a") }) },
    { weight: 1, arbitrary: fc.record({ other: text }) },
  );
  const list = fc.array(instance, { minLength: 0, maxLength: MAX_INSTANCES + 1 });
  const extra = fc.record(
    {
      signature_name: fc.constantFrom("serving_default", "scores", "none", ""),
      parameters: fc.constantFrom({ k: 1 }, { "1": "a" }),
      key: fc.oneof(odd, text),
      comment: fc.oneof({ weight: 5, arbitrary: odd }, { weight: 1, arbitrary: text }),
    },
    { requiredKeys: [] },
  );
  const content = fc.oneof(
    { weight: 6, arbitrary: fc.record({ instances: list }) },
    { weight: 2, arbitrary: fc.record({ image_bytes: b }) },
    { weight: 2, arbitrary: fc.record({ inputs: list }) },
    { weight: 1, arbitrary: fc.record({ inputs: fc.record({ pixels: list }) }) },
  );
  const json = fc
    .record({ extra, content, indent: fc.constantFrom(undefined, 1, "\t"), isExtraFirst: fc.boolean() })
    .map(({ extra, content, indent, isExtraFirst }) =>
      JSON.stringify(isExtraFirst ? { ...extra, ...content } : { ...content, ...extra }, undefined, indent),
    );
  const written = fc.oneof(
    { weight: 8, arbitrary: json },
    { weight: 1, arbitrary: json.map((text) => text.replaceAll("/", "\\/")) },
    { weight: 1, arbitrary: json.map((text) => text.replace('"b64":', '"b64":"AAAA","b64":')) },
    { weight: 1, arbitrary: json.map((text) => `${text}${text}`) },
    { weight: 1, arbitrary: json.map((text) => `\ufeff${text}`) },
  );
  const change = fc.record({
    at: fc.nat(10_000),
    insert: fc.constantFrom('"', "\\", "{", "}", ",", "\n", "\0", "é", "\x80", "0", " "),
    remove: fc.nat(2),
  });
  const changes = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(change, { maxLength: 2 }) },
  );
  return fc.tuple(written, changes).map(([text, changes]) => {
    let body = Buffer.from(text);
    for (const { at, insert, remove } of changes) {
      const place = at % (body.length + 1);
      body = Buffer.concat([
        body.subarray(0, place),
        Buffer.from(insert, "latin1"),
        body.subarray(place + remove),
      ]);
    }
    return body;
  });
}
