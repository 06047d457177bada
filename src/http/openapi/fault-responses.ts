import { STATUS_CODES } from "node:http";
import type { ErrorCode } from "../../errors.ts";
import type { Value } from "../../tensor/value.ts";
import type { ErrorSchema, ErrorStyle } from "../dialect.ts";
import { OWN_ERRORS } from "../error-middleware.ts";
import type { Route } from "../route.ts";
import type { RouteApi } from "../route-api.ts";
import { STATUS_OF_CODE } from "../status.ts";
import type { DocumentScope } from "./document-scope.ts";
import { ERROR_SCHEMAS } from "./error-schemas.ts";
import { anyOf } from "./schema.ts";
import { describedHeaders } from "./shared-parts.ts";

/** What of a route makes an error possible; `named`: a path or a query that names a model. */
type Cause = "any" | "body" | "named" | "model" | "prediction" | "form" | "stated";

/** A code that is not here does not compile. */
const CAUSE_OF: Readonly<Record<ErrorCode, Cause>> = {
  INVALID_ARGUMENT: "any",
  INTERNAL: "any",
  INVALID_JSON: "body",
  BODY_TOO_LARGE: "body",
  UNSUPPORTED_ENCODING: "body",
  NOT_FOUND: "named",
  NOT_READY: "model",
  INVALID_BASE64: "prediction",
  INVALID_IMAGE: "prediction",
  UNSUPPORTED_FORMAT: "prediction",
  TOO_MANY_INSTANCES: "prediction",
  IMAGE_TOO_LARGE: "prediction",
  INFERENCE_FAILED: "prediction",
  QUEUE_FULL: "prediction",
  DRAINING: "prediction",
  DEADLINE_EXCEEDED: "prediction",
  NOT_ACCEPTABLE: "form",
  // Told by Node's parser, before there is a route.
  REQUEST_TIMEOUT: "stated",
  // The document has no other methods than those that there are.
  METHOD_NOT_ALLOWED: "stated",
  // Nobody is there to read it.
  CANCELLED: "stated",
};

/** What may be wrong with any request before its route is known, in the server's own form. */
const BEFORE_ROUTES: readonly number[] = [
  STATUS_OF_CODE.INVALID_ARGUMENT,
  STATUS_OF_CODE.REQUEST_TIMEOUT,
  // A head that is too large.
  431,
];

/** Returns the responses of a route that are errors, by their status. */
export function faultResponses(route: Route, api: RouteApi, scope: DocumentScope): Record<string, Value> {
  const style = route.errors ?? OWN_ERRORS;
  const schemas = new Map<number, Set<ErrorSchema>>();
  const add = (status: number, schema: ErrorSchema) =>
    schemas.set(status, (schemas.get(status) ?? new Set()).add(schema));
  for (const status of BEFORE_ROUTES) add(status, OWN_ERRORS.schemaOf(status));
  for (const code of faultsOf(api)) {
    const status = statusOf(code, style);
    add(status, style.schemaOf(status));
  }
  const sorted = [...schemas].toSorted(([a], [b]) => a - b);
  return Object.fromEntries(
    sorted.map(([status, names]) => [status, faultResponse(status, [...names].toSorted(), scope)]),
  );
}

function statusOf(code: ErrorCode, style: ErrorStyle): number {
  return style.status?.[code] ?? STATUS_OF_CODE[code];
}

function faultsOf(api: RouteApi): ErrorCode[] {
  const isNamed =
    api.parameters?.includes("model_name") ||
    Object.values(api.operations).some((path) => path.includes("{"));
  const causes: Readonly<Record<Cause, boolean>> = {
    any: true,
    body: api.takes !== undefined,
    named: isNamed || api.needs !== "nothing",
    model: api.needs !== "nothing",
    prediction: api.needs === "prediction",
    form: api.gives.some((form) => form === "npy" || form === "png" || form === "lines"),
    stated: false,
  };
  const codes = Object.keys(CAUSE_OF) as ErrorCode[];
  return [...codes.filter((code) => causes[CAUSE_OF[code]]), ...(api.faults ?? [])];
}

function faultResponse(status: number, schemas: readonly ErrorSchema[], scope: DocumentScope): Value {
  const isWait = status === STATUS_OF_CODE.QUEUE_FULL;
  return scope.share("responses", `${schemas.join("Or")}.${status}`, () => ({
    description: describe(status),
    headers: describedHeaders(scope, ["X-Request-Id", ...(isWait ? (["Retry-After"] as const) : [])]),
    content: {
      "application/json": {
        schema: anyOf(schemas.map((name) => scope.define(name, () => ERROR_SCHEMAS[name](scope)))),
      },
    },
  }));
}

function describe(status: number): string {
  const codes = (Object.keys(STATUS_OF_CODE) as ErrorCode[]).filter(
    (code) => STATUS_OF_CODE[code] === status,
  );
  return `${STATUS_CODES[status]}${codes.length === 0 ? "" : `: ${codes.join(", ")}`}.`;
}
