import type { Value } from "../tensor/value.ts";

/** What TorchServe's clients may ask here, as OpenAPI describes it: the answer to `OPTIONS /`. @see spec.openapis.org/oas/v3.0.1 */
export const TORCHSERVE_API: Value = {
  openapi: "3.0.1",
  info: {
    title: "onnx-serving, TorchServe's inference API",
    description: "Predictions of image models. There is no management API.",
    version: "1.0.0",
  },
  paths: {
    "/": { options: operation("apiDescription", "This description.") },
    "/ping": {
      get: operation("ping", "Whether predictions are answered.", { 503: fault("Not now.") }),
    },
    "/predictions/{model_name}": predictions("predictions", ["model_name"]),
    "/predictions/{model_name}/{model_version}": predictions("version_predictions", [
      "model_name",
      "model_version",
    ]),
    "/models": { get: operation("listModels", "The names of the models.") },
    "/models/{model_name}": {
      get: {
        ...operation("describeModel", "The versions of a model.", { 404: fault("No such model.") }),
        parameters: [inPath("model_name")],
      },
    },
  },
};

function predictions(operationId: string, names: readonly string[]): Record<string, Value> {
  const predict = {
    ...operation(operationId, "The prediction for an image.", {
      400: fault("The request is at fault."),
      404: fault("No such model or version."),
      413: fault("The request is too large."),
      500: fault("The server or the model is at fault."),
      503: fault("The server has no time, or is not ready."),
    }),
    parameters: names.map(inPath),
    requestBody: {
      description:
        'An image, multipart/form-data with one file, or JSON: {"data": "<base64>"}, {"instances": [...]}.',
      required: true,
      content: { "*/*": { schema: { type: "string", format: "binary" } } },
    },
  };
  return { post: predict, put: { ...predict, operationId: `put_${operationId}` } };
}

function operation(
  operationId: string,
  description: string,
  faults: Record<string, Value> = {},
): Record<string, Value> {
  const answer = { description: "The answer.", content: { "application/json": { schema: {} } } };
  return { operationId, description, responses: { 200: answer, ...faults } };
}

function inPath(name: string): Value {
  return { in: "path", name, required: true, schema: { type: "string" } };
}

function fault(description: string): Value {
  const properties = { code: { type: "integer" }, type: { type: "string" }, message: { type: "string" } };
  const schema = { type: "object", required: ["code", "type", "message"], properties };
  return { description, content: { "application/json": { schema } } };
}
