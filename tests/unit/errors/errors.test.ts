import { describe, expect, test } from "vitest";
import { excerpt, ServingError, StartupError, toServingError, toStartupError } from "../../../src/errors.ts";

describe("excerpt", () => {
  test.each([
    ["nothing", "", ""],
    ["64 characters", "a".repeat(64), "a".repeat(64)],
    ["65 characters", "a".repeat(65), `${"a".repeat(61)}...`],
    ["very long text", "ab".repeat(1e6), `${"ab".repeat(30)}a...`],
  ])("cuts to 64 characters: %s", (_, text, expected) => {
    expect(excerpt(text)).toBe(expected);
  });

  test.each([
    ["line feeds", "a\nb\r\nc", "a b  c"],
    ["escape sequences of a terminal", "\u001b[31mred", " [31mred"],
    ["controls of Latin-1", "a\u0085b\u009bc", "a b c"],
    ["line and paragraph separators", "a\u2028b\u2029c", "a b c"],
    ["zeros", "a\0b", "a b"],
  ])("puts spaces for %s", (_, text, expected) => {
    expect(excerpt(text)).toBe(expected);
  });

  test("keeps letters of any script", () => {
    expect(excerpt("Größe \u{1f600} 大")).toBe("Größe \u{1f600} 大");
  });
});

describe("toServingError", () => {
  test("returns a ServingError as it is", () => {
    const error = new ServingError("INVALID_IMAGE", "not an image", { instance: 3 });
    expect(toServingError(error)).toBe(error);
  });

  test.each([
    ["an Error", new RangeError("secret of /etc/passwd")],
    ["text", "secret"],
    ["nothing", undefined],
  ])("wraps %s as INTERNAL that keeps it for the log and tells the caller nothing of it", (_, thrown) => {
    const error = toServingError(thrown);
    expect(error).toBeInstanceOf(ServingError);
    expect(error.code).toBe("INTERNAL");
    expect(error.cause).toBe(thrown);
    expect(error.message).not.toMatch(/secret/);
  });
});

describe("toStartupError", () => {
  test("keeps a StartupError as it is", () => {
    const error = new StartupError("model.onnx is empty");
    expect(toStartupError(error)).toBe(error);
  });

  test("makes one line of any other, and keeps it as the cause", () => {
    const thrown = new Error("EACCES: permission denied\n  at scandir");
    const error = toStartupError(thrown);
    expect(error.message).toBe("the model can't be served: EACCES: permission denied");
    expect(error.cause).toBe(thrown);
  });
});

describe("ServingError", () => {
  test("holds what it was made with", () => {
    const cause = new Error("why");
    const error = new ServingError("QUEUE_FULL", "full", { retryAfterSeconds: 2, cause });
    expect(error).toMatchObject({ name: "ServingError", code: "QUEUE_FULL", message: "full", cause });
    expect(error.retryAfterSeconds).toBe(2);
    expect(error.instance).toBeUndefined();
  });

  test("has no cause when none is given", () => {
    expect(new ServingError("INTERNAL", "broke")).not.toHaveProperty("cause");
  });
});
