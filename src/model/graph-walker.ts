import type { Field, ProtobufReader } from "./protobuf-reader.ts";
import { type ModelValue, readValueInfo } from "./value-info.ts";

/** Inputs and outputs of the model's own graph. */
export interface GraphSummary {
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
}

/** Domains of the runtime's own operators. @see microsoft/onnxruntime `core/graph/constants.h` */
const RUNTIME_DOMAINS: ReadonlySet<string> = new Set([
  "",
  "ai.onnx",
  "ai.onnx.ml",
  "ai.onnx.preview",
  "ai.onnx.training",
  "ai.onnx.preview.training",
  "com.microsoft",
  "com.microsoft.nchwc",
  "com.ms.internal.nhwc",
]);

/**
 * Walks graphs, functions and what they nest, and remembers what the server asks of a model: inputs,
 * outputs, places of external weights, domains of operators.
 *
 * @see onnx/onnx `onnx/onnx.proto` GraphProto, NodeProto, AttributeProto, TensorProto, FunctionProto
 */
export class GraphWalker {
  readonly #reader: ProtobufReader;
  readonly #inputs: ModelValue[] = [];
  readonly #outputs: ModelValue[] = [];
  readonly #initializers = new Set<string>();
  readonly #externalData = new Set<string>();
  readonly #nodeDomains = new Set<string>();
  readonly #functionDomains = new Set<string>();

  constructor(reader: ProtobufReader) {
    this.#reader = reader;
  }

  /** Returns every distinct place of external weights seen so far. */
  get externalData(): string[] {
    return [...this.#externalData];
  }

  /** Returns the operators' domains seen so far that nobody defines. */
  get customDomains(): string[] {
    return [...this.#nodeDomains].filter(
      (domain) => !RUNTIME_DOMAINS.has(domain) && !this.#functionDomains.has(domain),
    );
  }

  /** Walks the model's own graph; one that comes in two pieces is one graph, as protobuf merges them. */
  mainGraph(message: Field): GraphSummary {
    const keepName = (name: string) => this.#initializers.add(name);
    this.#walk(message, (field) => {
      if (field.number === 11) this.#inputs.push(readValueInfo(this.#reader, field));
      else if (field.number === 12) this.#outputs.push(readValueInfo(this.#reader, field));
      else this.#graphField(field, keepName);
    });
    const inputs = this.#inputs.filter(({ name }) => !this.#initializers.has(name));
    return { inputs, outputs: this.#outputs };
  }

  /** Walks a TrainingInfoProto: two graphs. */
  training(message: Field): void {
    this.#walk(message, (field) => {
      if (field.number === 1 || field.number === 2) this.#graph(field);
    });
  }

  /** Walks a FunctionProto: nodes, and default values of attributes. */
  function(message: Field): void {
    this.#walk(message, (field) => {
      if (field.number === 7) this.#node(field);
      else if (field.number === 10) this.#functionDomains.add(this.#reader.text(field));
      else if (field.number === 11) this.#attribute(field);
    });
  }

  /** Walks a graph inside something else: its inputs and names are its own business. */
  #graph(message: Field): void {
    this.#walk(message, (field) => this.#graphField(field));
  }

  #graphField(field: Field, keepName?: (name: string) => void): void {
    if (field.number === 1) this.#node(field);
    else if (field.number === 5) this.#tensor(field, keepName);
    else if (field.number === 15) this.#sparseTensor(field, keepName);
  }

  #node(message: Field): void {
    this.#walk(message, (field) => {
      if (field.number === 5) this.#attribute(field);
      else if (field.number === 7) this.#nodeDomains.add(this.#reader.text(field));
    });
  }

  #attribute(message: Field): void {
    this.#walk(message, (field) => {
      if (field.number === 5 || field.number === 10) this.#tensor(field);
      else if (field.number === 6 || field.number === 11) this.#graph(field);
      else if (field.number === 22 || field.number === 23) this.#sparseTensor(field);
    });
  }

  /** The name of a sparse tensor is that of its values. */
  #sparseTensor(message: Field, keepName?: (name: string) => void): void {
    this.#walk(message, (field) => {
      if (field.number === 1) this.#tensor(field, keepName);
      else if (field.number === 2) this.#tensor(field);
    });
  }

  /** Believes entries of external_data whatever data_location says: no place may go unseen. */
  #tensor(message: Field, keepName?: (name: string) => void): void {
    this.#walk(message, (field) => {
      if (field.number === 8) keepName?.(this.#reader.text(field));
      else if (field.number === 13) this.#externalEntry(field);
    });
  }

  #externalEntry(message: Field): void {
    let [key, value] = ["", ""];
    this.#walk(message, (field) => {
      if (field.number === 1) key = this.#reader.text(field);
      else if (field.number === 2) value = this.#reader.text(field);
    });
    if (key === "location") this.#externalData.add(value);
  }

  #walk(message: Field, visit: (field: Field) => void): void {
    this.#reader.forEachField(visit, this.#reader.span(message));
  }
}
