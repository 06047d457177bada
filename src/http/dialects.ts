import { parseAnalyze } from "../protocol/parse-analyze.ts";
import type { ParseOptions } from "../protocol/parse-instances.ts";
import type { Envelope } from "../protocol/parse-json.ts";
import { parseTfs } from "../protocol/parse-tfs.ts";
import type { ModelInputs, PredictRequest } from "../protocol/predict-request.ts";
import type { DefaultSignature } from "../signature/choose-signature.ts";
import type { ServingApi } from "./serving-api.ts";

/** What tells one family of clients from another on the way to the same predictor. */
export interface Dialect {
  readonly parse: (envelope: Envelope, model: ModelInputs, options: ParseOptions) => PredictRequest;
  /** The form of the answer to one raw image. */
  readonly rawImageFormat: PredictRequest["format"];
  /** The answer to a request that names no signature; `isSingle`: it holds one image, not a list. */
  readonly defaultSignature: (isSingle: boolean) => DefaultSignature;
  /** Whether one bad instance fails the request, unless ON_BAD_INSTANCE says otherwise. */
  readonly onBadInstance: NonNullable<ServingApi["settings"]["onBadInstance"]>;
}

/** fastai-serving's route, as chip-n-scale calls it. */
export const ANALYZE: Dialect = {
  parse: parseAnalyze,
  rawImageFormat: "single",
  defaultSignature: (isSingle) => (isSingle ? "label" : "class"),
  onBadInstance: "report",
};

/** TensorFlow Serving's REST API. */
export const TENSORFLOW_SERVING: Dialect = {
  parse: parseTfs,
  rawImageFormat: "row",
  defaultSignature: () => "serving_default",
  onBadInstance: "fail",
};
