import { describe, expect, test } from "vitest";
import { describeRequest } from "../../../src/observability/describe-request.ts";

const http = { protocol: "http", method: "POST", route: "/analyze:predict", status: 200 } as const;
const grpc = { protocol: "grpc", path: "/tensorflow.serving.PredictionService/Predict" } as const;
const rest = { fields: {}, isProbe: false };

describe("describeRequest", () => {
  test("names an HTTP request by its method and route", () => {
    const fields = { instances: 3, failed: 1, signature: "class", bytesIn: 99, other: { a: 1 } };
    expect(describeRequest({ ...http, ...rest, fields })).toEqual({
      name: "POST /analyze:predict",
      isError: false,
      attributes: {
        "http.request.method": "POST",
        "http.route": "/analyze:predict",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "onnx_serving.instances": 3,
        "onnx_serving.failed_instances": 1,
        "onnx_serving.signature": "class",
        "onnx_serving.body_bytes": 99,
      },
    });
  });

  test("names one that no route took by its method alone", () => {
    const { name, attributes } = describeRequest({ ...http, ...rest, route: undefined, status: 404 });
    expect(name).toBe("POST");
    expect(attributes).not.toHaveProperty("http.route");
  });

  test("has one word for methods that are none of HTTP's own", () => {
    const { name, attributes } = describeRequest({ ...http, ...rest, method: "other" });
    expect([name, attributes["http.request.method"]]).toEqual(["HTTP /analyze:predict", "_OTHER"]);
  });

  test.each([
    [400, "INVALID_IMAGE", false],
    [499, "CANCELLED", false],
    [503, "QUEUE_FULL", true],
    [504, "DEADLINE_EXCEEDED", true],
  ])("of status %i with %s, tells the code, and whether the server is at fault", (status, errorCode, is) => {
    const { attributes, isError } = describeRequest({ ...http, ...rest, status, errorCode });
    expect(isError).toBe(is);
    expect(attributes["onnx_serving.error_code"]).toBe(errorCode);
    expect(attributes["error.type"]).toBe(is ? errorCode : undefined);
  });

  test("takes the status for the type of an error without a code", () => {
    expect(describeRequest({ ...http, ...rest, status: 503 }).attributes["error.type"]).toBe("503");
  });

  test("names a gRPC call by its method", () => {
    expect(describeRequest({ ...grpc, ...rest, status: "OK" })).toEqual({
      name: "tensorflow.serving.PredictionService/Predict",
      isError: false,
      attributes: {
        "rpc.system.name": "grpc",
        "rpc.method": "tensorflow.serving.PredictionService/Predict",
        "rpc.status_code": "OK",
      },
    });
  });

  test.each([
    ["INVALID_ARGUMENT", false],
    ["RESOURCE_EXHAUSTED", false],
    ["CANCELLED", false],
    ["UNAVAILABLE", true],
    ["DEADLINE_EXCEEDED", true],
    ["INTERNAL", true],
  ])("of a call with %s, tells whether the server is at fault", (status, is) => {
    expect(describeRequest({ ...grpc, ...rest, status }).isError).toBe(is);
  });
});
