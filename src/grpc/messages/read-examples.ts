import { ServingError } from "../../errors.ts";
import type { Example, ExampleList, Feature } from "../../protocol/tf-example.ts";
import type { MessageReader } from "../wire/message-reader.ts";
import { readPacked } from "../wire/packed-numbers.ts";

/**
 * Returns the examples of a `tensorflow.serving.Input`.
 *
 * @throws {ServingError} INVALID_ARGUMENT when it can't be read, or has none.
 * @see tensorflow/serving `apis/input.proto`; tensorflow `core/example/example.proto`
 */
export function readExamples(reader: MessageReader | undefined): ExampleList {
  let list: ExampleList = { examples: [] };
  for (let field = reader?.next() ?? 0; reader !== undefined && field !== 0; field = reader.next()) {
    if (field === 1 || field === 2) list = readList(reader.message());
  }
  if (list.examples.length > 0) return list;
  throw new ServingError("INVALID_ARGUMENT", "Input is empty.");
}

/** An ExampleList has no context. */
function readList(reader: MessageReader): ExampleList {
  const examples: Example[] = [];
  let context: Example | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) examples.push(readExample(reader.message()));
    else if (field === 2) context = readExample(reader.message());
  }
  return { examples, ...(context === undefined ? {} : { context }) };
}

function readExample(reader: MessageReader): Example {
  const features = new Map<string, Feature>();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readFeatures(reader.message(), features);
  }
  return features;
}

function readFeatures(reader: MessageReader, into: Map<string, Feature>): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) continue;
    const entry = reader.message();
    let name = "";
    let feature: Feature | undefined;
    for (let part = entry.next(); part !== 0; part = entry.next()) {
      if (part === 1) name = entry.text();
      else if (part === 2) feature = readFeature(entry.message());
    }
    if (feature !== undefined && feature.values.length > 0) into.set(name, feature);
  }
}

function readFeature(reader: MessageReader): Feature | undefined {
  let feature: Feature | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) feature = { kind: "bytes", values: readBytes(reader.message()) };
    else if (field === 2) {
      const values = readPacked("float", readElements(reader.message(), "fixed32"));
      feature = { kind: "float", values: values as Float32Array };
    } else if (field === 3) {
      const values = readPacked("int64", readElements(reader.message(), "varint"));
      feature = { kind: "int64", values: values as BigInt64Array };
    }
  }
  return feature;
}

function readBytes(reader: MessageReader): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) values.push(reader.bytes());
  }
  return values;
}

function readElements(reader: MessageReader, wire: "fixed32" | "varint"): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) chunks.push(reader.elements(wire));
  }
  return chunks;
}
