import type { Attributes } from "@opentelemetry/api";
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_URL_SCHEME,
  HTTP_REQUEST_METHOD_VALUE_OTHER,
  RPC_SYSTEM_NAME_VALUE_GRPC,
} from "@opentelemetry/semantic-conventions";
import type { EndedRequest } from "./request-trace.ts";

export interface RequestDescription {
  readonly name: string;
  readonly attributes: Attributes;
  /** The server is at fault, not the caller. */
  readonly isError: boolean;
}

/** Statuses that are a server's error; the others are its caller's. @see OpenTelemetry semantic conventions, gRPC */
const GRPC_ERRORS: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/** By their names in a log line. */
const FIELDS: Readonly<Record<string, string>> = {
  bytesIn: "onnx_serving.body_bytes",
  instances: "onnx_serving.instances",
  failed: "onnx_serving.failed_instances",
  signature: "onnx_serving.signature",
};

/**
 * Returns the name and the attributes of a request's span. Paths and addresses as they were typed are not among them: they
 * may hold what is secret.
 *
 * @see OpenTelemetry semantic conventions 1.45, HTTP server spans and RPC server spans
 */
export function describeRequest(request: EndedRequest): RequestDescription {
  const { errorCode, fields } = request;
  const { name, attributes, errorType } = request.protocol === "http" ? ofHttp(request) : ofGrpc(request);
  for (const [field, attribute] of Object.entries(FIELDS)) {
    const value = fields[field];
    if (typeof value === "string" || typeof value === "number") attributes[attribute] = value;
  }
  if (errorCode !== undefined) attributes["onnx_serving.error_code"] = errorCode;
  if (errorType !== undefined) attributes[ATTR_ERROR_TYPE] = errorCode ?? errorType;
  return { name, attributes, isError: errorType !== undefined };
}

interface Described {
  readonly name: string;
  readonly attributes: Attributes;
  /** Where the server is at fault. */
  readonly errorType: string | undefined;
}

function ofHttp({ method, route, status }: Extract<EndedRequest, { protocol: "http" }>): Described {
  const known = method === "other" ? HTTP_REQUEST_METHOD_VALUE_OTHER : method;
  const verb = method === "other" ? "HTTP" : method;
  return {
    name: route === undefined ? verb : `${verb} ${route}`,
    attributes: {
      [ATTR_HTTP_REQUEST_METHOD]: known,
      [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
      [ATTR_URL_SCHEME]: "http",
      ...(route === undefined ? {} : { [ATTR_HTTP_ROUTE]: route }),
    },
    errorType: status >= 500 ? String(status) : undefined,
  };
}

function ofGrpc({ path, status }: Extract<EndedRequest, { protocol: "grpc" }>): Described {
  const method = path.slice(1);
  return {
    name: method,
    attributes: {
      [ATTR_RPC_SYSTEM_NAME]: RPC_SYSTEM_NAME_VALUE_GRPC,
      [ATTR_RPC_METHOD]: method,
      [ATTR_RPC_STATUS_CODE]: status,
    },
    errorType: GRPC_ERRORS.has(status) ? status : undefined,
  };
}
