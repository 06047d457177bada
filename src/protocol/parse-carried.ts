import { isJsonObject } from "./json-object.ts";
import { type ParseOptions, parseInstances } from "./parse-instances.ts";
import type { Envelope } from "./parse-json.ts";
import type { Instance, ModelInputs } from "./predict-request.ts";

/** Keys behind which clients of other servers put an image: TorchServe's handlers' two, and AutoML's. */
const CARRIERS = ["data", "body", "content"] as const;

/**
 * Returns the elements of a list as instances, in order: `{"data": B}`, `{"body": B}` and `{"content": B}`, where B is an
 * image in base64 or nested numbers, beside all that {@link parseInstances} takes. What else such an object holds
 * (AutoML's `mimeType`) is ignored, but for `key`.
 *
 * @throws {ServingError} what {@link parseInstances} throws
 * @see pytorch/serve `ts/torch_handler/vision_handler.py` preprocess; Vertex AI, image_classification_1.0.0.yaml
 */
export function parseCarried(
  list: readonly unknown[],
  envelope: Envelope,
  model: ModelInputs,
  options: ParseOptions,
): Instance[] {
  const instances = list.map((element) => unwrap(element, model));
  const isSame = list === envelope.body.instances && instances.every((one, i) => one === list[i]);
  const read = isSame ? envelope : envelopeOf(instances);
  return parseInstances(read, model, { ...options, dialect: "analyze" });
}

function unwrap(element: unknown, { inputs, imageInput }: ModelInputs): unknown {
  if (!isJsonObject(element)) return element;
  const carrier = CARRIERS.find((name) => Object.hasOwn(element, name));
  if (carrier === undefined || inputs.some(({ name }) => name === carrier)) return element;
  const value = element[carrier];
  if (Array.isArray(value) || imageInput === undefined) return value;
  return { image_bytes: value, ...(Object.hasOwn(element, "key") ? { key: element.key } : {}) };
}

/** Integers are read again from the text: from the one that these instances have. */
function envelopeOf(instances: readonly unknown[]): Envelope {
  const body = { instances };
  return {
    parameters: {},
    body,
    get text() {
      return JSON.stringify(body);
    },
  };
}
