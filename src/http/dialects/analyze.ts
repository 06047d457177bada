import { parseAnalyze } from "../../protocol/parse-analyze.ts";
import { type AnswerForm, answerForm } from "../answer-form.ts";
import type { Dialect } from "../dialect.ts";
import { readiness } from "../health-routes.ts";
import type { HttpApi } from "../http-api.ts";
import { predictHandler } from "../predict-handler.ts";
import { type JsonForm, readRequest } from "../read-request.ts";
import type { Route } from "../route.ts";
import { writerOf } from "../write-in-form.ts";

/** How a body of fastai-serving's clients is read. */
export const ANALYZE_FORM: JsonForm = {
  parse: parseAnalyze,
  rawImageFormat: "single",
  defaultSignature: (isSingle) => (isSingle ? "label" : "class"),
};

/** A picture or an array has another default: neither is a label. */
const DEFAULT_OF_FORM: Partial<Record<AnswerForm["kind"], Pick<JsonForm, "defaultSignature">>> = {
  npy: { defaultSignature: () => "mask" },
  png: { defaultSignature: () => "mask_png" },
};

/** fastai-serving's route, as chip-n-scale calls it. */
const ANALYZE: Dialect = {
  onBadInstance: "report",
  lines: ANALYZE_FORM,
  read: async (place, body) => {
    const form = answerForm(place.ctx);
    const read = await readRequest(place, body, { ...ANALYZE_FORM, ...DEFAULT_OF_FORM[form.kind] });
    return { ...read, write: writerOf(form, read, place.model().servable) };
  },
};

/** Returns the routes of fastai-serving. */
export function analyzeRoutes(api: HttpApi): readonly Route[] {
  return [
    {
      method: "get",
      path: "/analyze",
      name: "/analyze",
      api: {
        tag: "fastai-serving",
        summary: "Whether predictions are answered",
        operations: { analyzeReady: "/analyze" },
        needs: "nothing",
        gives: ["readiness"],
        unready: "readiness",
      },
      isQuiet: true,
      handle: (ctx) => readiness(api, ctx),
    },
    {
      method: "post",
      path: "/analyze\\:predict",
      name: "/analyze:predict",
      api: {
        tag: "fastai-serving",
        summary: "Predictions for a list of instances, or for one image",
        operations: { analyze: "/analyze:predict" },
        needs: "prediction",
        takes: ["analyze", "image", "multipart", "lines"],
        gives: ["analyze", "lines", "npy", "png"],
      },
      handle: predictHandler(api, ANALYZE),
    },
  ];
}
