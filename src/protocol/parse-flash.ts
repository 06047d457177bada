import { ServingError } from "../errors.ts";
import { decodeBase64 } from "./base64.ts";
import { FlashFieldError, missingField, notA } from "./flash-error.ts";
import type { FlashOptions, FlashRequest } from "./flash-request.ts";
import { readFlashRows } from "./flash-rows.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import type { Payloads } from "./lift-payloads.ts";
import type { Instance, ModelInputs } from "./predict-request.ts";
import { quoteJson } from "./quote-json.ts";

/** The name of a task's own input, `Task.serve()`. */
const TASK_INPUT = "inputs";

/**
 * Returns what a body of Flash Serve asks for: `{"session"?, "payload": {"<input>": {...}}}`. An image model takes the
 * one input that there is, whatever its name: `{"data": "<base64>"}`, or a list of such (Repeated).
 *
 * @throws {FlashFieldError} when a field is missing or of a wrong type; TOO_MANY_INSTANCES past `maxInstances`.
 * @see Lightning-Universe/lightning-flash `src/flash/core/serve/interfaces/models.py`
 */
export function parseFlash(body: unknown, model: ModelInputs, options: FlashOptions): FlashRequest {
  if (!isJsonObject(body)) throw notA("dict", []);
  const payload = body.payload;
  if (payload === undefined) throw missingField(["payload"]);
  if (!isJsonObject(payload)) throw notA("dict", ["payload"]);
  const choice = {
    session: optionalText(body, "session"),
    signatureName: optionalText(body, "signature_name"),
    isTask: Object.hasOwn(payload, TASK_INPUT),
  };
  if (model.imageInput === undefined) return { ...choice, ...readFlashRows(payload, model, options) };
  const [name, given] = imageEntry(payload, model.imageInput);
  const isRepeated = Array.isArray(given);
  const images: readonly unknown[] = isRepeated ? given : [given];
  if (images.length > options.maxInstances) {
    const limit = `expected at most ${options.maxInstances} instances, got ${images.length}`;
    throw new FlashFieldError(["payload", name], limit, { code: "TOO_MANY_INSTANCES" });
  }
  const instances = images.map((image, index) => {
    const path = ["payload", name, ...(isRepeated ? [index] : []), "data"];
    return readImage(image, path, options.payloads);
  });
  if (instances.length === 0) {
    throw new FlashFieldError(["payload", name], "expected at least one image, got an empty list");
  }
  return { ...choice, instances, isRepeated };
}

/** The names that Flash's examples, a task and the model itself use go first, where there are several. */
function imageEntry(payload: JsonObject, imageInput: string): readonly [name: string, given: unknown] {
  const entries = Object.entries(payload);
  const [first] = entries;
  if (first === undefined) throw missingField(["payload", TASK_INPUT]);
  if (entries.length === 1) return first;
  const usual = [TASK_INPUT, imageInput, "img", "image"];
  const found = usual.find((name) => Object.hasOwn(payload, name));
  if (found !== undefined) return [found, payload[found]];
  const names = entries.map(([name]) => `"${name}"`).join(", ");
  throw new FlashFieldError(
    ["payload"],
    `the model takes one image, as "${TASK_INPUT}", got ${quoteJson(names)}`,
  );
}

function readImage(
  image: unknown,
  path: readonly (string | number)[],
  payloads: Payloads | undefined,
): Instance {
  if (!isJsonObject(image)) throw notA("dict", path.slice(0, -1));
  const { data } = image;
  if (data === undefined) throw missingField(path);
  if (typeof data !== "string") throw notA("str", path);
  const lifted = payloads?.take(data);
  if (lifted !== undefined) return { kind: "image", bytes: lifted };
  try {
    return { kind: "image", bytes: decodeBase64(data, path.join(".")) };
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    return { kind: "bad", error: new FlashFieldError(path, error.message, { code: error.code }) };
  }
}

function optionalText(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null || value === "") return undefined;
  // Flash's validator makes texts of numbers.
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") throw notA("str", [name]);
  return value;
}
