import { ServingError } from "../errors.ts";
import { liftPayloads, type Payloads } from "../protocol/lift-payloads.ts";
import type { ParseOptions } from "../protocol/parse-instances.ts";
import { type Envelope, parseEnvelope } from "../protocol/parse-json.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import type { RequestPlace } from "./dialect.ts";
import { parseJsonText } from "./parse-json-text.ts";

/** Makes of an envelope what its body asks for. */
export type ReadEnvelope<Read> = (envelope: Envelope, options: ParseOptions) => Read;

/**
 * Returns what `read` makes of a JSON body. Images in base64 pass by the parser; where the short way does not end
 * well the body is read again by the ordinary one, whose errors quote what came.
 *
 * @throws {ServingError} INVALID_JSON, INVALID_ARGUMENT when the body is no envelope; what `read` throws.
 */
export async function readJsonBody<Read extends { readonly request: PredictRequest }>(
  place: RequestPlace,
  body: Buffer,
  read: ReadEnvelope<Read>,
): Promise<Read> {
  return (await readLifted(place, body, read)) ?? (await readOrdinary(place, body, read));
}

/** Reads a body of images in base64 by the short way; undefined where the ordinary one has to say what it is. */
async function readLifted<Read extends { readonly request: PredictRequest }>(
  place: RequestPlace,
  body: Buffer,
  read: ReadEnvelope<Read>,
): Promise<Read | undefined> {
  if (!takesImages(place)) return undefined;
  const lifted = liftPayloads(body);
  if (lifted === undefined) return undefined;
  try {
    const done = await readOrdinary(place, lifted.json, read, lifted.payloads);
    return lifted.payloads.areTaken() && !hasBad(done.request) ? done : undefined;
  } catch (error) {
    if (error instanceof ServingError) return undefined;
    throw error;
  }
}

/** Where there is no such model, the ordinary way says so in its turn. */
function takesImages({ model }: RequestPlace): boolean {
  try {
    return model().servable.modelInputs.imageInput !== undefined;
  } catch {
    return false;
  }
}

async function readOrdinary<Read>(
  { ctx, settings }: RequestPlace,
  json: Buffer,
  read: ReadEnvelope<Read>,
  payloads?: Payloads,
): Promise<Read> {
  const { value, text } = await parseJsonText(ctx, json);
  const maxInstances = Math.min(settings.maxInstances, settings.maxEnqueuedInstances);
  return read(parseEnvelope(value, text), { maxInstances, payloads });
}

function hasBad({ inputs }: PredictRequest): boolean {
  return inputs.kind === "instances" && inputs.instances.some((instance) => instance.kind === "bad");
}
