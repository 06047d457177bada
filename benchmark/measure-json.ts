import type { Context } from "koa";
import { parseJsonText } from "../src/http/parse-json-text.ts";
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
  // All that the parser asks of a context is room for its own request.
  const context = {} as Context;
  const step = async () => {
    for (const body of bodies) {
      const { value, text } = await parseJsonText(context, body);
      parseAnalyze(parseEnvelope(value, text), MODEL, { maxInstances: TILES_PER_REQUEST });
    }
    return bodies.length * TILES_PER_REQUEST;
  };
  return measureCost({ step, seconds });
}
