import type { Value } from "../../tensor/value.ts";
import type { Route } from "../route.ts";
import type { ReplyForm, RouteApi } from "../route-api.ts";
import { STATUS_OF_CODE } from "../status.ts";
import { BODY_FORMS, type MediaType } from "./body-forms.ts";
import type { DocumentScope } from "./document-scope.ts";
import { faultResponses } from "./fault-responses.ts";
import { givesPictures, REPLY_FORMS } from "./reply-forms.ts";
import { describedHeaders, describedParameters, type ReplyHeader } from "./shared-parts.ts";

/** Returns what one path of a route takes and answers. @see OpenAPI 3.1, "Operation Object" */
export function describeOperation(
  route: Route,
  api: RouteApi,
  { operationId, path, scope }: { operationId: string; path: string; scope: DocumentScope },
): Value {
  const { takes, parameters = [] } = api;
  const ofBody = takes === undefined ? [] : (["Content-Encoding"] as const);
  return {
    operationId,
    tags: [api.tag],
    summary: api.summary,
    parameters: describedParameters(scope, path, [...parameters, ...ofBody, "X-Request-Id"]),
    ...(takes === undefined ? {} : { requestBody: requestBody(takes, scope) }),
    responses: responses(route, api, scope),
  };
}

/** The index of models alone is given without a body, too. */
function requestBody(takes: NonNullable<RouteApi["takes"]>, scope: DocumentScope): Value {
  return {
    required: !takes.includes("index"),
    content: contentOf(takes.map((form) => BODY_FORMS[form](scope))),
  };
}

function responses(route: Route, api: RouteApi, scope: DocumentScope): Record<string, Value> {
  const faults = faultResponses(route, api, scope);
  const { unready, parameters } = api;
  return {
    200: reply(
      api.gives.filter((form) => isGiven(form, scope)),
      api,
      scope,
    ),
    ...(parameters?.includes("If-None-Match") ? { 304: { description: "As the ETag says." } } : {}),
    ...faults,
    ...(unready === undefined ? {} : { [STATUS_OF_CODE.NOT_READY]: reply([unready], api, scope) }),
  };
}

function isGiven(form: ReplyForm, scope: DocumentScope): boolean {
  return form !== "png" || scope.models.length === 0 || givesPictures(scope);
}

function reply(forms: readonly ReplyForm[], api: RouteApi, scope: DocumentScope): Value {
  return {
    description: "The answer.",
    headers: describedHeaders(scope, headersOf(api)),
    content: contentOf(forms.map((form) => REPLY_FORMS[form](scope))),
  };
}

function headersOf({ needs, gives, parameters = [] }: RouteApi): ReplyHeader[] {
  return [
    "X-Request-Id",
    ...(needs === "prediction" ? (["X-Failed-Instances", "Content-Encoding"] as const) : []),
    ...(gives.includes("tensors") ? (["Inference-Header-Content-Length"] as const) : []),
    ...(parameters.includes("If-None-Match") ? (["ETag", "Content-Encoding"] as const) : []),
    ...(parameters.includes("X-Amzn-SageMaker-Custom-Attributes")
      ? (["X-Amzn-SageMaker-Custom-Attributes"] as const)
      : []),
  ];
}

function contentOf(media: readonly MediaType[]): Record<string, Value> {
  return Object.fromEntries(media.map(({ type, ...content }) => [type, content]));
}
