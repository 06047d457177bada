import { excerpt } from "../errors.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import { FlashFieldError, missingField, notA } from "./flash-error.ts";
import type { FlashOptions, FlashRequest } from "./flash-request.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import { parseInstances } from "./parse-instances.ts";
import type { ModelInputs } from "./predict-request.ts";

/** The rows of one input, each nested lists or one value. */
interface InputRows {
  readonly rows: readonly unknown[];
  readonly isRepeated: boolean;
}

/**
 * Returns the rows of a model of plain tensors: Number `{"num"}`, BBox `{"box"}`, Text `{"text"}` for inputs of strings,
 * Label `{"label"}`, Table `{"features": {"<column>": {"<row>": value}}}`, and `{"data"}` with nested numbers; lists of
 * those are Repeated. A table whose columns are the model's inputs feeds each with its own.
 *
 * @throws {FlashFieldError} when a field is missing or of a wrong type.
 */
export function readFlashRows(
  payload: JsonObject,
  model: ModelInputs,
  options: FlashOptions,
): Pick<FlashRequest, "instances" | "isRepeated"> {
  const columns = columnsOf(payload, model) ?? inputsOf(payload, model, options);
  const [first] = Object.values(columns);
  const count = first?.rows.length ?? 0;
  for (const [name, { rows }] of Object.entries(columns)) {
    if (rows.length === count && count > 0) continue;
    throw new FlashFieldError(["payload", name], `expected ${Math.max(1, count)} rows, got ${rows.length}`);
  }
  const instances = Array.from({ length: count }, (_, i) =>
    Object.fromEntries(Object.entries(columns).map(([name, { rows }]) => [name, rows[i]])),
  );
  const body = { instances };
  const envelope = { body, text: JSON.stringify(body), parameters: {} };
  return {
    instances: parseInstances(envelope, model, { maxInstances: options.maxInstances, dialect: "tfs" }),
    isRepeated: first?.isRepeated ?? false,
  };
}

type Columns = Readonly<Record<string, InputRows>>;

/** One table, of as many columns as the model has inputs, by their names. */
function columnsOf(payload: JsonObject, { inputs }: ModelInputs): Columns | undefined {
  const [only, ...more] = Object.entries(payload);
  if (inputs.length < 2 || only === undefined || more.length > 0) return undefined;
  const [name, table] = only;
  if (!isJsonObject(table) || !isJsonObject(table.features)) return undefined;
  const { columns, indices } = readTable(table.features, ["payload", name, "features"]);
  const entries = inputs.map((spec) => {
    const column = columns.get(spec.name);
    if (column === undefined) throw missingField(["payload", name, "features", spec.name]);
    const rows = indices.map((index) => toRank(column[index], spec, 0));
    return [spec.name, { rows, isRepeated: rows.length > 1 }] as const;
  });
  return Object.fromEntries(entries);
}

function inputsOf(payload: JsonObject, { inputs }: ModelInputs, options: FlashOptions): Columns {
  const [first, ...more] = Object.entries(payload);
  const isSole = inputs.length === 1 && first !== undefined && more.length === 0;
  const entries = inputs.map((spec) => {
    const [name, given] = isSole ? first : [spec.name, payload[spec.name]];
    if (given === undefined) throw missingField(["payload", name]);
    const path = ["payload", name];
    if (!Array.isArray(given)) return [spec.name, readValue(given, spec, path, options)] as const;
    const rows = given.flatMap((one, i) => readValue(one, spec, [...path, i], options).rows);
    return [spec.name, { rows, isRepeated: true }] as const;
  });
  return Object.fromEntries(entries);
}

function readValue(
  given: unknown,
  spec: TensorSpec,
  path: readonly (string | number)[],
  { labels }: FlashOptions,
): InputRows {
  if (!isJsonObject(given)) throw notA("dict", path);
  if (Object.hasOwn(given, "features")) {
    if (!isJsonObject(given.features)) throw notA("dict", [...path, "features"]);
    const { columns, indices } = readTable(given.features, [...path, "features"]);
    const rows = indices.map((index) => [...columns.values()].map((column) => column[index]));
    return { rows, isRepeated: rows.length > 1 };
  }
  return { rows: [readSingle(given, spec, path, labels)], isRepeated: false };
}

function readSingle(
  given: JsonObject,
  spec: TensorSpec,
  path: readonly (string | number)[],
  labels: readonly string[] | undefined,
): unknown {
  if (Object.hasOwn(given, "num")) {
    if (typeof given.num !== "number") throw notA("float", [...path, "num"]);
    return toRank(given.num, spec, 0);
  }
  if (Object.hasOwn(given, "box")) {
    if (Array.isArray(given.box) && given.box.length === 4) return toRank(given.box, spec, 1);
    throw new FlashFieldError([...path, "box"], "expected [x1, y1, x2, y2]");
  }
  if (Object.hasOwn(given, "text")) {
    if (typeof given.text !== "string") throw notA("str", [...path, "text"]);
    if (spec.dtype === "string") return toRank(given.text, spec, 0);
    const wants = `the model takes ${spec.dtype}, and has no tokenizer: send the token ids as {"data": [...]}`;
    throw new FlashFieldError([...path, "text"], wants);
  }
  if (Object.hasOwn(given, "label")) {
    const index = labels?.indexOf(String(given.label)) ?? -1;
    if (index >= 0) return toRank(index, spec, 0);
    throw new FlashFieldError([...path, "label"], `the model has no label "${excerpt(String(given.label))}"`);
  }
  if (Object.hasOwn(given, "data")) return given.data;
  throw missingField([...path, "data"]);
}

interface TableColumns {
  readonly columns: ReadonlyMap<string, JsonObject>;
  /** Of the rows, in the first column's order. */
  readonly indices: readonly string[];
}

/** A table as pandas' `DataFrame.to_dict()` writes it. */
function readTable(features: JsonObject, path: readonly (string | number)[]): TableColumns {
  const columns = new Map<string, JsonObject>();
  for (const [name, column] of Object.entries(features)) {
    if (!isJsonObject(column)) throw notA("dict", [...path, name]);
    columns.set(name, column);
  }
  const [first] = columns.values();
  const indices = Object.keys(first ?? {});
  for (const [name, column] of columns) {
    const missing = indices.find((index) => !Object.hasOwn(column, index));
    if (missing !== undefined) throw missingField([...path, name, missing]);
  }
  if (indices.length === 0) throw new FlashFieldError([...path], "expected a table of at least one row");
  return { columns, indices };
}

/** Returns a value in as many lists as the row of an input has axes more than the value. */
function toRank(value: unknown, { shape }: TensorSpec, rank: number): unknown {
  let nested = value;
  for (let axes = rank; axes < shape.length - 1; axes++) nested = [nested];
  return nested;
}
