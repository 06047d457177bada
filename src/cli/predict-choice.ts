import { HttpTransport, type PredictChoice } from "../client/http-transport.ts";
import type { PredictOptions } from "./predict-options.ts";
import { readHeaders } from "./read-headers.ts";
import { readUrl } from "./read-url.ts";

/**
 * Returns what is asked of the model.
 *
 * @param implied the signature that the outputs need; undefined: any
 */
export function predictChoice(
  options: Pick<PredictOptions, "signature" | "topK" | "threshold" | "iouThreshold" | "maxDetections">,
  implied: string | undefined,
): PredictChoice {
  const { signature, topK, threshold, iouThreshold, maxDetections } = options;
  const parameters = Object.entries({
    k: topK,
    score_threshold: threshold,
    iou_threshold: iouThreshold,
    max_detections: maxDetections,
  }).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return {
    signature: signature ?? implied ?? (topK === undefined ? undefined : "top_k"),
    parameters: Object.fromEntries(parameters),
  };
}

/**
 * Returns how a server is asked.
 *
 * @throws {UsageError} when its URL or a header is none.
 */
export function httpTransport(
  { model, header, timeoutMs }: Pick<PredictOptions, "model" | "header" | "timeoutMs">,
  url: string,
  choice: PredictChoice,
): HttpTransport {
  const headers = readHeaders(header);
  return new HttpTransport({ ...choice, headers, url: readUrl("--url", url, model), timeoutMs });
}
