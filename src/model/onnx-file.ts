import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { StartupError } from "../errors.ts";
import { describeForeignFile } from "./file-kind.ts";
import { type GraphSummary, GraphWalker } from "./graph-walker.ts";
import { type Field, ProtobufReader } from "./protobuf-reader.ts";
import type { ModelValue } from "./value-info.ts";

/** What an ONNX file says of itself, weights aside. */
export interface OnnxFile {
  readonly irVersion: number;
  /** Operator sets that the file imports; ONNX's own domain is "". */
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Name and version of the exporter, "" when the file doesn't say. */
  readonly producer: string;
  /** What a caller must feed: inputs that have an initializer are not among them. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  /** `metadata_props`, without a prototype: keys are the file's own. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Every distinct place of weights outside the file, as written there: not yet to be trusted. */
  readonly externalData: readonly string[];
  /** Domains of operators that neither the runtime nor the file's own functions define. */
  readonly customDomains: readonly string[];
}

/**
 * Returns what the ONNX file at `path` says of itself, read without loading its weights.
 *
 * @throws {StartupError} when the file is missing, is something else, is truncated or damaged. The
 * message names `path` as given, and the remedy.
 * @see onnx/onnx `onnx/onnx.proto` ModelProto
 */
export function readOnnxFile(path: string): OnnxFile {
  const fileDescriptor = open(path);
  try {
    const foreign = describeForeignFile(readHead(fileDescriptor));
    if (foreign !== undefined) throw new StartupError(`${path} is ${foreign}`);
    const sizeBytes = fstatSync(fileDescriptor).size;
    return readModel(new ProtobufReader({ fileDescriptor, sizeBytes, name: path }), path);
  } finally {
    closeSync(fileDescriptor);
  }
}

function open(path: string): number {
  try {
    // Before it is opened: opening a named pipe would wait for a writer.
    const stat = statSync(path);
    if (stat.isDirectory()) throw new StartupError(`${path} is a directory: name the .onnx file in it`);
    if (!stat.isFile()) throw new StartupError(`${path} is not a regular file: copy the model there`);
    return openSync(path, "r");
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const what =
      code === "ENOENT" || code === "ENOTDIR"
        ? "does not exist: copy the model there"
        : `cannot be read (${code}): check its owner and permissions`;
    throw new StartupError(`${path} ${what}`, { cause: error });
  }
}

function readHead(fileDescriptor: number): Uint8Array {
  const head = Buffer.alloc(256);
  return head.subarray(0, readSync(fileDescriptor, head, 0, head.length, 0));
}

function readModel(reader: ProtobufReader, path: string): OnnxFile {
  const walker = new GraphWalker(reader);
  const metadata: Record<string, string> = Object.create(null);
  const opsets: { domain: string; version: number }[] = [];
  let irVersion: number | undefined;
  let graph: GraphSummary | undefined;
  let [producerName, producerVersion] = ["", ""];
  reader.forEachField((field) => {
    if (field.number === 1) irVersion = reader.integer(field);
    else if (field.number === 2) producerName = reader.text(field);
    else if (field.number === 3) producerVersion = reader.text(field);
    else if (field.number === 7) graph = walker.mainGraph(field);
    else if (field.number === 8) opsets.push(readOperatorSet(reader, field));
    else if (field.number === 14) Object.assign(metadata, readEntry(reader, field));
    else if (field.number === 20) walker.training(field);
    else if (field.number === 25) walker.function(field);
  });
  if (irVersion === undefined || graph === undefined || opsets.length === 0) {
    const missing = graph === undefined ? "graph" : irVersion === undefined ? "IR version" : "operator set";
    throw new StartupError(
      `${path} is truncated or not an ONNX model: it holds no ${missing}; export or copy it again`,
    );
  }
  return {
    irVersion,
    opsets,
    producer: `${producerName} ${producerVersion}`.trim(),
    ...graph,
    metadata,
    externalData: walker.externalData,
    customDomains: walker.customDomains,
  };
}

function readOperatorSet(reader: ProtobufReader, message: Field): { domain: string; version: number } {
  let [domain, version] = ["", 0];
  reader.forEachField((field) => {
    if (field.number === 1) domain = reader.text(field);
    else if (field.number === 2) version = reader.integer(field);
  }, reader.span(message));
  return { domain: domain === "ai.onnx" ? "" : domain, version };
}

/** Returns one pair of a StringStringEntryProto; a null prototype lets "__proto__" be a key as any other. */
function readEntry(reader: ProtobufReader, message: Field): Record<string, string> {
  let [key, value] = ["", ""];
  reader.forEachField((field) => {
    if (field.number === 1) key = reader.text(field);
    else if (field.number === 2) value = reader.text(field);
  }, reader.span(message));
  const entry: Record<string, string> = Object.create(null);
  entry[key] = value;
  return entry;
}
