import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { readOnnxFile } from "../../../src/model/onnx-file.ts";
import { graph, type ModelSource, node, value, writeModel } from "../../support/onnx/model-writer.ts";
import {
  integerField,
  join,
  lengthPrefix,
  messageField,
  stringField,
} from "../../support/onnx/protobuf-writer.ts";
import { refusal as refusalIn } from "../../support/onnx/refusal.ts";
import { constant } from "../../support/onnx/tensor-proto.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(joinPath(tmpdir(), "onnx-file-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(bytes: Uint8Array | string) {
  const path = joinPath(folder, "model.onnx");
  writeFileSync(path, bytes);
  return readOnnxFile(path);
}

const refusal = (act: () => unknown) => refusalIn(folder, act);

const EMPTY: ModelSource = { inputs: [], outputs: [], nodes: [] };

/** An IR version, then the tag of a graph whose length is to follow. */
const GRAPH = [8, 8, 0x3a];
const SEVEN_BITS = new Array<number>(8).fill(0xff);
const HUNDRED = new Array<number>(100).fill(1);

describe("ProtobufReader", () => {
  test("reads or refuses whatever bytes are changed in a model, and never fails otherwise", () => {
    const model = writeModel({
      ...EMPTY,
      inputs: [value("x", "float32", ["N", 3])],
      nodes: [node("If", ["x"], ["y"], { then_branch: graph(EMPTY), axes: [1, 2] })],
      initializers: [constant("w", "int64", [2], [1, 2])],
      metadata: { key: "value" },
    });
    const change = fc.tuple(fc.nat(model.byteLength - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Uint8Array.from(model);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(StartupError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each<[string, Uint8Array, RegExp]>([
    [
      "a length of 2^63 - 1",
      Uint8Array.of(...GRAPH, ...SEVEN_BITS, 0x7f),
      /is truncated: it says 9223372036854776000/,
    ],
    ["a negative length", Uint8Array.of(...GRAPH, ...SEVEN_BITS, 0xff, 1), /length -1 at byte 13/],
    ["a number without end", new Uint8Array(64).fill(0xff), /more than ten bytes/],
    [
      "a field that ends outside its message",
      join([...messageField(7, [lengthPrefix(1, 100)]), ...messageField(8, [])]),
      /outside its message/,
    ],
    ["a graph that is a number", join([...integerField(1, 8), ...integerField(7, 1)]), /a number in field 7/],
    ["a version that is a string", join(stringField(1, "8")), /no usable integer in field 1/],
    ["a field number of 0", Uint8Array.of(8, 8, 0, 0), /field number 0/],
    ["a group", Uint8Array.of(8, 8, 0x3b, 0x3c), /wire type 3/],
    ["200 nested graphs", writeModel(nested(200)), /more than 100 nested messages/],
    [
      "a string of 2 MiB",
      writeModel({ ...EMPTY, metadata: { key: "x".repeat(2 ** 21) } }),
      /2097152 bytes of text/,
    ],
    ["many strings", join(new Array(2_200_000).fill(stringField(2, "")).flat()), /0 bytes of text/],
    [
      "an input of 100 axes",
      writeModel({ ...EMPTY, inputs: [value("x", "bool", HUNDRED)] }),
      /more than 64 axes/,
    ],
  ])("refuses %s", (_, bytes, expected) => {
    expect(refusal(() => read(bytes))).toMatch(expected);
  });

  test("reads many messages side by side", () => {
    const inputs = Array.from({ length: 500 }, (_, i) => value(`x${i}`, "float32", ["N"]));
    expect(read(writeModel({ ...EMPTY, inputs })).inputs).toEqual(inputs);
  });

  test("refuses more fields than a model has", () => {
    // Field 6 (doc_string) of no length, six million times.
    expect(
      refusal(() => read(new Uint8Array(2 * 6_000_000).map((_, i) => (i % 2 === 0 ? 0x32 : 0)))),
    ).toMatch(/more than 5000000 fields/);
  });
});

function nested(levels: number): ModelSource {
  let source = EMPTY;
  for (let i = 0; i < levels; i++) {
    source = { ...EMPTY, nodes: [node("If", [], [], { then_branch: graph(source) })] };
  }
  return source;
}
