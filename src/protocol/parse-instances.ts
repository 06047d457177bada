import { ServingError } from "../errors.ts";
import { exactBody } from "./exact-json.ts";
import type { JsonObject } from "./json-object.ts";
import type { Payloads } from "./lift-payloads.ts";
import { type Dialect, readImageInstance } from "./parse-image.ts";
import type { Envelope } from "./parse-json.ts";
import type { Instance, Json, ModelInputs } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";
import { createRowReader, elementError, isNamedElement, plainListError, type ReadRow } from "./read-row.ts";

export interface ParseOptions {
  /** At least 1. */
  readonly maxInstances: number;
  /** What was lifted out of the body. */
  readonly payloads?: Payloads | undefined;
  /**
   * Where the list's first element stands among all of the caller's.
   *
   * @default 0
   */
  readonly firstIndex?: number;
}

/**
 * Returns the elements of `instances`, in order. What is wrong with one of them makes that one "bad";
 * only what is wrong with the list as a whole is thrown.
 *
 * @throws {ServingError} INVALID_ARGUMENT when there is no list, an empty one, or a plain one for a model of
 * several inputs; TOO_MANY_INSTANCES past `maxInstances`
 */
export function parseInstances(
  envelope: Envelope,
  model: ModelInputs,
  { maxInstances, dialect, payloads, firstIndex = 0 }: ParseOptions & { readonly dialect: Dialect },
): Instance[] {
  const list = envelope.body.instances;
  checkList(list, envelope, maxInstances);
  const rows = createLazyRowReader(envelope, model, { rowCount: list.length, firstIndex });
  const isInput = (name: string) => model.inputs.some((input) => input.name === name);
  const readKey = (element: unknown): { key?: Json } =>
    isNamedElement(element) && Object.hasOwn(element, "key") && !isInput("key")
      ? { key: element.key as Json }
      : {};

  if (model.imageInput === undefined) {
    if (model.inputs.length > 1 && !isNamedElement(list[0])) throw plainListError();
    const named = isNamedElement(list[0]);
    return list.map((element, i) => ({
      ...attempt(firstIndex + i, (index) => {
        checkStyle(element, index, named);
        return { kind: "row", row: rows(element, index) };
      }),
      ...readKey(element),
    }));
  }

  const options = { imageInput: model.imageInput, dialect, isInput, payloads };
  return list.map((element, i) => ({
    ...attempt(firstIndex + i, (index) => {
      const image = inFrame(index, dialect, () => readImageInstance(element, `instances[${index}]`, options));
      return image === undefined ? { kind: "row", row: rows(element, index) } : { kind: "image", ...image };
    }),
    ...readKey(element),
  }));
}

function checkList(list: unknown, envelope: Envelope, max: number): asserts list is readonly unknown[] {
  if (!Array.isArray(list)) {
    throw new ServingError(
      "INVALID_ARGUMENT",
      `JSON Value: ${quoteJson(envelope.body)} Expecting 'instances' to be an list/array`,
    );
  }
  if (list.length === 0) {
    throw new ServingError(
      "INVALID_ARGUMENT",
      `JSON Value: ${quoteJson(envelope.body)} No values in 'instances' array`,
    );
  }
  checkCount(list.length, "instances", max);
}

/** @throws {ServingError} TOO_MANY_INSTANCES when `count` is over `max` */
export function checkCount(count: number, where: string, max: number): void {
  if (count <= max) return;
  throw new ServingError("TOO_MANY_INSTANCES", `${where}: expected at most ${max} elements, got ${count}`);
}

/** Reads the exact numbers at the first row: the text of a request of images is never parsed again. */
function createLazyRowReader(
  envelope: Envelope,
  model: ModelInputs,
  { rowCount, firstIndex }: { readonly rowCount: number; readonly firstIndex: number },
): ReadRow {
  const read = createRowReader(model, rowCount);
  let exact: JsonObject | undefined;
  return (_element, index) => {
    exact ??= exactBody(envelope, model);
    return read((exact.instances as readonly unknown[])[index - firstIndex], index);
  };
}

function checkStyle(element: unknown, index: number, named: boolean): void {
  if (isNamedElement(element) === named) return;
  throw new ServingError(
    "INVALID_ARGUMENT",
    named
      ? `Expecting object but got list at item ${index} of input list`
      : `Expecting value/list but got object at item ${index} of input list`,
  );
}

/** Returns what `read` does, or a bad instance of what it throws; a bug of ours is not the instance's. */
function attempt(index: number, read: (index: number) => Instance): Instance {
  try {
    return read(index);
  } catch (error) {
    if (!(error instanceof ServingError) || error.code === "INTERNAL") throw error;
    return { kind: "bad", error: new ServingError(error.code, error.message, { instance: index }) };
  }
}

function inFrame<T>(index: number, dialect: Dialect, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ServingError && dialect === "tfs" ? elementError(error, { index }) : error;
  }
}
