import { excerpt, ServingError } from "../errors.ts";
import {
  elementCount,
  fitsSpec,
  formatShape,
  type Tensor,
  type TensorSpec,
  type Tensors,
} from "../tensor/tensor.ts";
import { isBase64Object, isJsonObject, type JsonObject } from "./json-object.ts";
import type { ModelInputs } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";
import { readTensor } from "./read-tensor.ts";

/** Returns the row that one element of `instances` holds. @throws {ServingError} INVALID_ARGUMENT, INVALID_BASE64 */
export type ReadRow = (element: unknown, index: number) => Tensors;

/** Tells whether an element names its inputs, and is not a plain value. */
export function isNamedElement(element: unknown): element is JsonObject {
  return isJsonObject(element) && !isBase64Object(element);
}

/**
 * Returns a reader of the `instances` of one request. The first row that it can read decides the shapes;
 * a later one of other shapes is refused, as is one that the model's declared shapes do not take.
 *
 * Shapes: with batching "rows" a row is held against the declared shape without axis 0; with "whole",
 * `[rowCount, ...row]` is held against all of it.
 *
 * @see tensorflow/serving `util/json_tensor.cc` FillTensorMapFromInstancesList, AddInstanceItem
 */
export function createRowReader(model: ModelInputs, rowCount: number): ReadRow {
  const shapes = new Map<string, readonly number[]>();
  const specs = new Map(model.inputs.map((spec) => [spec.name, spec]));

  return (element, index) => {
    const row = isNamedElement(element) ? readNamed(element, index) : readPlain(element, index);
    for (const [name, tensor] of row) shapes.set(name, tensor.shape);
    return Object.fromEntries(row);
  };

  function readPlain(element: unknown, index: number): [string, Tensor][] {
    const [spec, other] = model.inputs;
    if (spec === undefined || other !== undefined) throw plainListError();
    return [[spec.name, readItem(element, spec, { index })]];
  }

  function readNamed(element: JsonObject, index: number): [string, Tensor][] {
    const row: [string, Tensor][] = [];
    for (const [name, value] of Object.entries(element)) {
      const spec = specs.get(name);
      if (spec !== undefined) row.push([name, readItem(value, spec, { index, name })]);
      else if (name !== "key") {
        const message = `JSON object: does not have named input: ${excerpt(name)}`;
        throw elementError(new ServingError("INVALID_ARGUMENT", message), { index, name });
      }
    }
    if (row.length === specs.size) return row;
    throw new ServingError(
      "INVALID_ARGUMENT",
      `Failed to process element: ${index} of 'instances' list. JSON object: ${quoteJson(element)} ` +
        `keys must be equal to: ${[...specs.keys()].sort().join(",")}`,
      { instance: index },
    );
  }

  function readItem(value: unknown, spec: TensorSpec, place: Place): Tensor {
    try {
      const where = `instances[${place.index}]${place.name === undefined ? "" : `.${place.name}`}`;
      const tensor = readTensor(value, spec.dtype, where);
      checkSame(tensor.shape, shapes.get(spec.name) ?? tensor.shape);
      checkDeclared(tensor.shape, spec, model.batching === "whole" ? rowCount : undefined);
      return tensor;
    } catch (error) {
      throw error instanceof ServingError ? elementError(error, place) : error;
    }
  }
}

function checkSame(shape: readonly number[], expected: readonly number[]): void {
  const [size, expectedSize] = [elementCount(shape), elementCount(expected)];
  if (size !== expectedSize) {
    throw new ServingError("INVALID_ARGUMENT", `Expecting tensor size: ${expectedSize} but got: ${size}`);
  }
  if (shape.join() !== expected.join()) {
    throw new ServingError("INVALID_ARGUMENT", `Expecting shape [${expected}] but got: [${shape}]`);
  }
}

function checkDeclared(row: readonly number[], spec: TensorSpec, rowCount: number | undefined): void {
  const shape = rowCount === undefined ? row : [rowCount, ...row];
  const declared = rowCount === undefined ? spec.shape.slice(1) : spec.shape;
  if (fitsSpec(shape, declared)) return;
  throw new ServingError(
    "INVALID_ARGUMENT",
    `input '${spec.name}': expected shape ${formatShape(declared)}, got ${formatShape(shape)}`,
  );
}

interface Place {
  readonly index: number;
  readonly name?: string;
}

/** Returns `error` in TensorFlow Serving's frame for one element of `instances`. */
export function elementError(error: ServingError, { index, name }: Place): ServingError {
  const key = name === undefined ? "" : ` key: ${excerpt(name)}`;
  return new ServingError(
    error.code,
    `Failed to process element: ${index}${key} of 'instances' list. Error: INVALID_ARGUMENT: ${error.message}`,
    { instance: index },
  );
}

/** What a plain list gets from a model of several inputs. */
export function plainListError(): ServingError {
  return new ServingError(
    "INVALID_ARGUMENT",
    "instances is a plain list, but expecting list of objects as multiple input tensors required as per " +
      "tensorinfo_map",
  );
}
