import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { readMultipartFile } from "../../../src/http/multipart.ts";

const HEADERS = { "content-type": "multipart/form-data; boundary=x" };
const FILE = '--x\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\nabc';

describe("readMultipartFile", () => {
  test("returns the content of the file part", async () => {
    const file = await readMultipartFile(HEADERS, Buffer.from(`${FILE}\r\n--x--\r\n`));
    expect(file.toString()).toBe("abc");
  });

  test("refuses a form that is cut off inside its file, and leaves no rejection behind", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    onTestFinished(() => void process.off("unhandledRejection", unhandled));
    await expect(readMultipartFile(HEADERS, Buffer.from(FILE))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await setImmediate();
    expect(unhandled).not.toHaveBeenCalled();
  });
});
