import { aipRoutes } from "../../config/aip-routes.ts";
import { StartupError } from "../../errors.ts";
import { parseCloud } from "../../protocol/parse-cloud.ts";
import type { Envelope } from "../../protocol/parse-json.ts";
import type { PredictRequest } from "../../protocol/predict-request.ts";
import type { Dialect } from "../dialect.ts";
import { readiness } from "../health-routes.ts";
import type { HttpApi } from "../http-api.ts";
import { predictHandler } from "../predict-handler.ts";
import { type JsonForm, readRequest } from "../read-request.ts";
import type { Route } from "../route.ts";
import { writeAnswer } from "../write-answer.ts";

const FORM: JsonForm = {
  prepare: takeSignature,
  parse: parseCloud,
  rawImageFormat: "row",
  defaultSignature: (isSingle) => (isSingle ? "label" : "class"),
};

/** Vertex AI's and AI Platform's predictions, raw ones too. @see Vertex AI, "Custom container requirements for prediction" */
const VERTEX: Dialect = {
  onBadInstance: "report",
  read: async (place, body) => {
    const { request: read, signature } = await readRequest(place, body, FORM);
    // What holds no `predictions` is an error to the platform.
    const request: PredictRequest = read.format === "single" ? { ...read, format: "row" } : read;
    return { request, signature, write: (predicted) => ({ json: writeAnswer(request, predicted) }) };
  },
};

/**
 * Returns the routes that AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE name; they take the place of others of the same path.
 *
 * @param own the other routes
 * @throws {StartupError} when one is no path, or would hide what is no health route.
 */
export function vertexRoutes(api: HttpApi, own: readonly Route[]): readonly Route[] {
  const { health, predict } = aipRoutes(api.settings);
  const routes: Route[] = [];
  if (health !== undefined) {
    requireHealth(health, own);
    routes.push({
      method: "get",
      path: literally(health),
      name: "AIP_HEALTH_ROUTE",
      api: {
        tag: "Vertex AI",
        summary: "Whether predictions are answered (AIP_HEALTH_ROUTE)",
        operations: { vertexHealth: health },
        needs: "nothing",
        gives: ["readiness"],
        unready: "readiness",
      },
      isQuiet: true,
      handle: (ctx) => readiness(api, ctx),
    });
  }
  if (predict !== undefined) {
    const handle = predictHandler(api, VERTEX);
    routes.push({
      method: "post",
      path: literally(predict),
      name: "AIP_PREDICT_ROUTE",
      api: {
        tag: "Vertex AI",
        summary: "Predictions for a list of instances (AIP_PREDICT_ROUTE)",
        operations: { vertexPredict: predict },
        needs: "prediction",
        takes: ["cloud", "image", "multipart"],
        gives: ["vertex"],
      },
      handle,
    });
  }
  return routes;
}

/** The platform's client sends instances and parameters only. */
function takeSignature(envelope: Envelope): Envelope {
  const { signature_name: named, ...parameters } = envelope.parameters;
  if (typeof named !== "string" || envelope.signatureName !== undefined) return envelope;
  return { ...envelope, parameters, ...(named === "" ? {} : { signatureName: named }) };
}

function requireHealth(path: string, own: readonly Route[]): void {
  const hidden = own.find((route) => route.method === "get" && matches(route, path));
  if (hidden === undefined || (hidden.isQuiet && hidden.name !== "/metrics")) return;
  throw new StartupError(`AIP_HEALTH_ROUTE ${path} is taken by ${hidden.name}: choose another path`);
}

function matches({ path }: Route, text: string): boolean {
  return path instanceof RegExp ? path.test(text) : path.replaceAll("\\", "") === text;
}

/** No character of it, a colon for one, means anything else. */
function literally(path: string): RegExp {
  const plain = path.replace(/%3A(?=[a-z]+$)/i, ":");
  return new RegExp(`^${plain.replace(/[^\w/]/g, "\\$&")}$`);
}
