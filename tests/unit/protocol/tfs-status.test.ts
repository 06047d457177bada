import { describe, expect, test } from "vitest";
import { isReady, tfsStatus } from "../../../src/protocol/tfs-status.ts";

describe("tfsStatus", () => {
  test("describes an available version as TensorFlow Serving and KServe do", () => {
    expect(tfsStatus("resnet", [{ version: 123, state: "AVAILABLE" }])).toEqual({
      name: "resnet",
      ready: true,
      model_version_status: [
        { version: "123", state: "AVAILABLE", status: { error_code: "OK", error_message: "" } },
      ],
    });
  });

  test("gives the reason of a failed load", () => {
    const error = { code: "INTERNAL", message: "golden/ differs" };
    expect(tfsStatus("m", [{ version: 1, state: "END", error }])).toMatchObject({
      ready: false,
      model_version_status: [
        { version: "1", state: "END", status: { error_code: "INTERNAL", error_message: "golden/ differs" } },
      ],
    });
  });
});

describe("isReady", () => {
  test("tells whether some version is available", () => {
    expect(isReady([{ version: 1, state: "LOADING" }])).toBe(false);
    expect(isReady([])).toBe(false);
    expect(
      isReady([
        { version: 1, state: "AVAILABLE" },
        { version: 2, state: "LOADING" },
      ]),
    ).toBe(true);
  });
});
