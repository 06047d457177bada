import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { within } from "../../../src/serving/within.ts";

const endless = new Promise<never>(() => {});
const onTimeout = () => new ServingError("DEADLINE_EXCEEDED", "late");

describe("within", () => {
  test("is what the work is, and leaves nothing on the signal", async () => {
    const { signal } = new AbortController();
    expect(await within(Promise.resolve(1), { signal, timeoutMs: 60_000, onTimeout })).toBe(1);
    const failed = within(Promise.reject(new Error("no")), { signal, timeoutMs: 60_000, onTimeout });
    await expect(failed).rejects.toThrow("no");
    await expect(within(endless, { signal, timeoutMs: 1, onTimeout })).rejects.toThrow("late");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("is the signal's reason, aborted before or meanwhile", async () => {
    const controller = new AbortController();
    const options = { signal: controller.signal, timeoutMs: 60_000, onTimeout };
    const waiting = within(endless, options);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    await expect(within(endless, options)).rejects.toThrow("gone");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
});
