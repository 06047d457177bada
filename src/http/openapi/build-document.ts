import { packageVersion } from "../../config/package-version.ts";
import type { Value } from "../../tensor/value.ts";
import type { Route } from "../route.ts";
import type { ApiTag } from "../route-api.ts";
import { describeOperation } from "./describe-operation.ts";
import { DocumentScope, type DocumentScopeOptions } from "./document-scope.ts";

/** In the order in which they are shown. */
const TAGS: Readonly<Record<ApiTag, string>> = {
  "fastai-serving": "As chip-n-scale asks it.",
  "TensorFlow Serving": "Its REST API, which KServe's V1 is as well.",
  "Open Inference Protocol": "KServe's V2, which Triton and MLServer speak.",
  SageMaker: "What SageMaker asks of a container, besides /ping.",
  TorchServe: "Its inference API, with the answers of its default handlers; models can't be managed.",
  "Vertex AI": "What Vertex AI asks of a container.",
  "Flash Serve": "Lightning Flash's server.",
  Health: "Probes and metrics.",
  Console: "A page for people, whose own files and requests are not listed.",
  Description: "This document, and the page that shows it.",
};

const DESCRIPTION = `Predictions of image models in ONNX. All of these APIs ask the same models.

Bodies are told apart by their first bytes, whatever their Content-Type: JSON, an image, \`multipart/form-data\`.
What is answered with GET is answered to HEAD, too. Another method gets 405, another path 404.`;

export interface BuildOptions extends DocumentScopeOptions {
  /** In the order in which they are matched: of equal ones, the first answers. */
  readonly routes: readonly Route[];
}

/** Returns the OpenAPI document of the routes. @see spec.openapis.org/oas/v3.1.1 */
export function buildDocument({ routes, ...options }: BuildOptions): Value {
  const scope = new DocumentScope(options);
  const paths: Record<string, Record<string, Value>> = {};
  const tags = new Set<string>();
  for (const route of routes) {
    const { api, method } = route;
    if (typeof api === "string") continue;
    for (const [operationId, path] of Object.entries(api.operations)) {
      const operations = paths[path] ?? {};
      paths[path] = operations;
      if (operations[method] !== undefined) continue;
      operations[method] = describeOperation(route, api, { operationId, path, scope });
      tags.add(api.tag);
    }
  }
  const shown = Object.entries(TAGS).filter(([name]) => tags.has(name));
  return {
    openapi: "3.1.0",
    info: {
      title: "onnx-serving",
      version: packageVersion(),
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    // Relative to this document, so that a proxy may serve it under a path of its own.
    servers: [{ url: ".", description: "Where this document is" }],
    tags: shown.map(([name, description]) => ({ name, description })),
    paths,
    components: scope.components,
  };
}
