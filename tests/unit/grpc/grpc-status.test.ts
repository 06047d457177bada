import { readFileSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { BatchFailedError, ServingError } from "../../../src/errors.ts";
import { STATUS_OF_CODE, toStatus } from "../../../src/grpc/grpc-status.ts";

describe("STATUS_OF_CODE", () => {
  test("has the statuses of docs/errors.md, code by code", () => {
    const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| ([A-Z_]+) \| ((?:`[A-Z_0-9]+`(?:, )?)+) \|$/gm)];
    const documented = rows.flatMap(([, name = "", codes = ""]) =>
      [...codes.matchAll(/[A-Z_0-9]+/g)].map(([code]) => [code, name]),
    );
    const stated = Object.entries(STATUS_OF_CODE).map(([code, number]) => [code, status[number]]);
    expect(documented.toSorted()).toEqual(stated.toSorted());
  });
});

describe("toStatus", () => {
  test("tells the code, and when to come again", () => {
    const error = new ServingError("QUEUE_FULL", "the queue is full", { retryAfterSeconds: 3 });
    const { code, details, metadata } = toStatus(error);
    expect([code, details]).toEqual([status.UNAVAILABLE, "the queue is full"]);
    expect(metadata.getMap()).toEqual({
      "onnx-serving-code": "QUEUE_FULL",
      "retry-after": "3",
      "grpc-retry-pushback-ms": "3000",
    });
  });

  test("says of a batch that it was wrong, whatever the code of the first", () => {
    const first = new ServingError("TOO_MANY_INSTANCES", "too many");
    expect(toStatus(new BatchFailedError(first)).code).toBe(status.INVALID_ARGUMENT);
  });

  test("can be sent whatever was quoted: half a character would end the process", () => {
    const { details } = toStatus(new ServingError("NOT_FOUND", "no model \ud800"));
    expect(() => encodeURI(details)).not.toThrow();
  });

  test("cuts as TensorFlow Serving does, and in the middle of no character", () => {
    const { details } = toStatus(new ServingError("NOT_FOUND", `${"x".repeat(1023)}\u{1f600}`));
    expect(details).toHaveLength(1024);
    expect(() => encodeURI(details)).not.toThrow();
  });
});
