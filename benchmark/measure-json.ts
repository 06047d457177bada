import type { Context } from "koa";
import { parseJsonText } from "../src/http/parse-json-text.ts";
import { liftPayloads } from "../src/protocol/lift-payloads.ts";
import { parseAnalyze } from "../src/protocol/parse-analyze.ts";
import { parseEnvelope } from "../src/protocol/parse-json.ts";
import type { ModelInputs } from "../src/protocol/predict-request.ts";
import { type Cost, measureCost } from "./cpu-meter.ts";
import type { StageOptions } from "./measure-image-stages.ts";
import { tileRequests } from "./tile-requests.ts";

const TILES_PER_REQUEST = 10;

const MODEL: ModelInputs = {
  inputs: [{ name: "image", dtype: "float32", shape: ["N", 3, 224, 224] }],
  imageInput: "image",
  batching: "rows",
};

/** Measures the server's way from a body of 10 tiles to encoded images: JSON and base64, no socket. */
export function measureJson({ tilesFolder, seconds }: StageOptions): Promise<Cost> {
  const bodies = tileRequests(tilesFolder, TILES_PER_REQUEST, "analyze").map(({ body }) => body);
  const step = async () => {
    for (const body of bodies) await parseLifted(body, TILES_PER_REQUEST);
    return bodies.length * TILES_PER_REQUEST;
  };
  return measureCost({ step, seconds });
}

/** Reads a body as the server does where it can: the parser does not see the images. */
export async function parseLifted(body: Buffer, maxInstances: number): Promise<void> {
  const lifted = liftPayloads(body);
  if (lifted === undefined)
    throw new Error("the benchmark's body is none that the server reads the short way");
  await parseOrdinary(lifted.json, { maxInstances, payloads: lifted.payloads });
  if (!lifted.payloads.areTaken()) throw new Error("an image of the benchmark's body was not read");
}

/** Reads a body as the server does where it must: the parser sees all of it. */
export async function parseOrdinary(
  body: Buffer,
  options: Parameters<typeof parseAnalyze>[2],
): Promise<void> {
  // All that the parser asks of a context is room for its own request.
  const { value, text } = await parseJsonText({} as Context, body);
  parseAnalyze(parseEnvelope(value, text), MODEL, options);
}
